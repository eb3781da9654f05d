"""Identify the user of a request, and select the DAGs that Airflow's auth manager lets this user see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.resource_details import AccessView, DagAccessEntity, DagDetails
from airflow.api_fastapi.core_api.security import get_user
from fastapi import Depends

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from sqlalchemy.orm import Session

__all__ = ["NotPermittedError", "Reader", "ReaderDep", "reader"]


class NotPermittedError(Exception):
    """The user is logged in, but may not use Airflow's website."""


@dataclass(frozen=True)
class Reader:
    """The logged-in user of a request."""

    user: Any

    def permitted_dags(self, candidates: Collection[str], session: Session) -> frozenset[str]:
        """Return the IDs of the DAGs whose tasks the user may see.

        Args:
            candidates: the IDs of the DAGs to choose from.
            session: a session of the metadata database.
        """
        if not candidates:
            return frozenset()
        readable = get_auth_manager().get_authorized_dag_ids(user=self.user, method="GET", session=session)
        return frozenset(self._with(DagAccessEntity.TASK, readable.intersection(candidates)))

    def permitted_runs(self, dag_ids: Collection[str]) -> frozenset[str]:
        """Return the IDs of the permitted DAGs whose task instances the user may see as well.

        Args:
            dag_ids: IDs that `permitted_dags` has returned.
        """
        return frozenset(self._with(DagAccessEntity.TASK_INSTANCE, dag_ids))

    def _with(self, entity: DagAccessEntity, dag_ids: Iterable[str]) -> Collection[str]:
        """Return the DAGs whose entities of one kind the user may read. For most users this takes a single check."""
        dag_ids = list(dag_ids)
        manager = get_auth_manager()
        requests: Any = [
            {"method": "GET", "access_entity": entity, "details": DagDetails(id=dag_id)} for dag_id in dag_ids
        ]
        if manager.batch_is_authorized_dag(requests, user=self.user):
            return dag_ids
        return [
            dag_id
            for dag_id, request in zip(dag_ids, requests)
            if manager.batch_is_authorized_dag([request], user=self.user)
        ]


def reader(user: Annotated[Any, Depends(get_user)]) -> Reader:
    """Return the user of the request.

    Raises:
        HTTPException: no user is logged in.
        NotPermittedError: the user may not use Airflow's website.
    """
    if not get_auth_manager().is_authorized_view(access_view=AccessView.WEBSITE, user=user):
        raise NotPermittedError
    return Reader(user)


ReaderDep = Annotated[Reader, Depends(reader)]

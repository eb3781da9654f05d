"""Who asks, and which DAGs that user may see, by Airflow's own auth manager."""

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
    """The user is logged in, and may not use Airflow's website."""


@dataclass(frozen=True)
class Reader:
    """The logged-in user of a request."""

    user: Any

    def permitted_dags(self, candidates: Collection[str], session: Session) -> frozenset[str]:
        """Return those of the DAGs whose tasks the user may see."""
        if not candidates:
            return frozenset()
        readable = get_auth_manager().get_authorized_dag_ids(user=self.user, method="GET", session=session)
        return frozenset(self._with(DagAccessEntity.TASK, readable.intersection(candidates)))

    def permitted_runs(self, dag_ids: Collection[str]) -> frozenset[str]:
        """Return those of the permitted DAGs whose task instances the user may see, too."""
        return frozenset(self._with(DagAccessEntity.TASK_INSTANCE, dag_ids))

    def _with(self, entity: DagAccessEntity, dag_ids: Iterable[str]) -> Collection[str]:
        """Return the DAGs of which the user may read one kind of thing; one question is enough for most users."""
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
        HTTPException: nobody is logged in.
        NotPermittedError: the user may not use Airflow's website at all.
    """
    if not get_auth_manager().is_authorized_view(access_view=AccessView.WEBSITE, user=user):
        raise NotPermittedError
    return Reader(user)


ReaderDep = Annotated[Reader, Depends(reader)]

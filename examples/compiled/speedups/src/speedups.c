/* One function in C: the sum of the first n squares. */
#include <Python.h>

static PyObject *squares(PyObject *module, PyObject *argument)
{
    long long sum = 0, n = PyLong_AsLongLong(argument);
    if (PyErr_Occurred())
        return NULL;
    for (long long i = 1; i <= n; i++)
        sum += i * i;
    return PyLong_FromLongLong(sum);
}

static PyMethodDef methods[] = {{"squares", squares, METH_O, "Sum of the first n squares."}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "speedups", NULL, -1, methods};

PyMODINIT_FUNC PyInit_speedups(void)
{
    return PyModule_Create(&module);
}

"""One build, from the Dockerfile to the result: the order of the work is in `serve`."""

"""Code that alters the files of others, as that of a hostile package or instruction would."""

__all__ = ["ALTER"]

ALTER = """
import os, zlib

def alter(before, after, *places):
    count = 0
    for folder, _, names in (entry for place in places for entry in os.walk(place)):
        for path in (os.path.join(folder, name) for name in names):
            try:  # builds of other tests use the same caches
                with open(path, "rb") as file:
                    data = file.read()
                if before in data:
                    data = data.replace(before, after)
                    if "/bytecode/" in path:
                        data = data[:-4] + zlib.crc32(data[:-4]).to_bytes(4, "little")
                    os.chmod(path, 0o644)
                    with open(path, "wb") as file:
                        file.write(data)
                    count += 1
            except OSError:
                pass
    return count
"""
"""A function for Python 3.8 that replaces bytes in all files below some places, and mends the checksums of cached byte
code. It returns how many files it has changed."""

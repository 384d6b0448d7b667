"""Cuts an artifact into the pieces that fit into messages."""

import hashlib
from base64 import b64encode
from collections.abc import Iterator
from typing import Literal, TypedDict

from .head import id_of_hash
from .messages import ARTIFACT_BYTES_MAX, ARTIFACT_CHUNK_BYTES_MAX, ChunkPlace
from .schema import clip, encode

Role = Literal["result", "patch", "report", "log", "test", "transcript"]


class ArtifactRefused(Exception):
    """An artifact that cannot be, or was not, stored."""


class Piece(TypedDict):
    artifactId: str
    name: str
    role: Role
    mediaType: str
    sizeBytes: int
    sha256: str
    chunk: ChunkPlace
    data: str


def artifact_id_of(task_id: str, attempt: int, name: str, role: Role, data: bytes) -> str:
    """The same for the same bytes of the same attempt: sent once more after a restart, it is there once."""
    of = hashlib.sha256(encode([task_id, attempt, name, role]))
    of.update(data)
    return id_of_hash(of.digest())


def cut_artifact(artifact_id: str, name: str, data: bytes, *, role: Role, media_type: str) -> Iterator[Piece]:
    """The pieces in order, made one by one as they are asked for. No bytes make one empty piece."""
    if len(data) > ARTIFACT_BYTES_MAX:
        most = ARTIFACT_BYTES_MAX // 2**20
        raise ArtifactRefused(f"artifact {name} has {len(data)} bytes; at most {most} MiB are taken")
    sha256 = hashlib.sha256(data).hexdigest()
    count = max(1, -(-len(data) // ARTIFACT_CHUNK_BYTES_MAX))
    for index in range(count):
        start = index * ARTIFACT_CHUNK_BYTES_MAX
        yield {
            "artifactId": artifact_id,
            "name": clip(name, 255),
            "role": role,
            "mediaType": clip(media_type, 127),
            "sizeBytes": len(data),
            "sha256": sha256,
            "chunk": {"index": index, "count": count},
            "data": b64encode(data[start : start + ARTIFACT_CHUNK_BYTES_MAX]).decode("ascii"),
        }

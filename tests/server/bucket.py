"""An S3 bucket that is served on this machine."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from tests.ports import free_port
from tests.server.relay import Relay

_PATIENCE = 60.0


class Bucket:
    """One empty bucket; its objects are in the server's memory.

    Attributes:
        uri: the bucket, as MLflow wants it.
        env: what MLflow needs to reach it, by way of ``relay``.
        relay: the network between.
    """

    uri = "s3://runlore"

    def __init__(self, directory: Path) -> None:
        port = free_port()
        with (directory / "bucket.log").open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
                cwd=directory,
                stdout=log,
                stderr=log,
            )
        self.relay = Relay(port)
        self.env = {
            "MLFLOW_S3_ENDPOINT_URL": f"http://127.0.0.1:{self.relay.port}",
            "AWS_ACCESS_KEY_ID": "runlore",
            "AWS_SECRET_ACCESS_KEY": "runlore",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        self._client = boto3.client(
            "s3",
            endpoint_url=f"http://127.0.0.1:{port}",
            aws_access_key_id="runlore",
            aws_secret_access_key="runlore",
            region_name="us-east-1",
            config=Config(retries={"max_attempts": 0}),
        )
        deadline = time.monotonic() + _PATIENCE
        while not self._is_there():
            if time.monotonic() > deadline or self._process.poll() is not None:
                self.close()
                raise AssertionError((directory / "bucket.log").read_text())
            time.sleep(0.1)

    def read(self, key: str) -> bytes:
        """The content of one object."""
        found: Any = self._client.get_object(Bucket="runlore", Key=key)
        return bytes(found["Body"].read())

    def keys(self) -> list[str]:
        """The names of all objects."""
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket="runlore")
        return [found["Key"] for page in pages for found in page.get("Contents", ())]

    def close(self) -> None:
        self.relay.cut()
        self._process.terminate()
        self._process.wait(30)

    def _is_there(self) -> bool:
        try:
            self._client.create_bucket(Bucket="runlore")
        except (BotoCoreError, ClientError):
            return False
        return True

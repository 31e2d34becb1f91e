"""The pixels of an image that may be a stranger's."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "BMP")
"""All that is taken for an image, whatever a file is called: Pillow would have Ghostscript run PostScript."""

MOST = 50_000_000
"""Pixels. A file of a few kilobytes can claim any number, and each takes four bytes."""


def pixels(source: Path | BinaryIO) -> npt.NDArray[np.uint8]:
    """Red, green, blue and opacity of each pixel, shaped (height, width, 4).

    Raises:
        ImportError: Pillow is not installed.
        ValueError: there are more than ``MOST``.
        Exception: of Pillow, what else is wrong with the image.
    """
    from PIL import Image

    formats: Any = FORMATS
    with Image.open(source, formats=formats) as image:
        if image.width * image.height > MOST:
            raise ValueError(f"it has {image.width} x {image.height} pixels; at most {MOST:,} are read")
        return np.asarray(image.convert("RGBA"), dtype=np.uint8)

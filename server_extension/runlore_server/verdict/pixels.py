"""The pixels of an image that may be a stranger's."""

from __future__ import annotations

from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "BMP")
"""All that is taken for an image, whatever a file is called: Pillow would have Ghostscript run PostScript."""

MOST = 50_000_000
"""Pixels. A file of a few kilobytes can claim any number, and each takes four bytes."""


_EIGHT_BITS = ("1", "L", "LA", "P", "PA", "RGB", "RGBA")
"""Modes of Pillow that are compared as what is seen; all others as they are."""


def pixels(source: Path | BinaryIO) -> dict[str, Any]:
    """The pixels of each frame: red, green, blue and opacity, shaped (height, width, 4), where eight bits are all.

    The frames of an animation have their durations beside them, in milliseconds.

    Raises:
        ImportError: Pillow is not installed.
        ValueError: there are more than ``MOST``, or they are finer than what Pillow reads.
        Exception: of Pillow, what else is wrong with the image.
    """
    from PIL import Image

    formats: Any = FORMATS
    found: dict[str, Any] = {}
    with Image.open(source, formats=formats) as image:
        frames = getattr(image, "n_frames", 1)
        if image.width * image.height * frames > MOST:
            raise ValueError(f"it has {image.width} x {image.height} pixels; at most {MOST:,} are read")
        for number in range(frames):
            image.seek(number)
            if image.mode in _EIGHT_BITS and any(";16" in str(tile[3]) for tile in image.tile):
                raise ValueError("it has 16 bits a colour, of which eight can be read")
            where = f"frame {number}, pixels" if frames > 1 else "pixels"
            found[where] = np.asarray(image.convert("RGBA") if image.mode in _EIGHT_BITS else image)
            if frames > 1:
                found[f"frame {number}, duration"] = image.info.get("duration")
    return found

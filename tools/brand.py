"""Draw the integration's icon and logo into `custom_components/cosem/brand/`: `.venv/bin/python tools/brand.py`.

Our own drawing: an electricity meter on a network cable, drawn at eight times the size and reduced, so that edges are
smooth; transparent and trimmed, as Home Assistant wants it. The letters are strokes, so that no font is needed.
"""

from __future__ import annotations

import math
from pathlib import Path

from PIL import Image, ImageDraw

TARGET = Path(__file__).resolve().parent.parent / "custom_components" / "cosem" / "brand"
SCALE = 8  # supersampling
UNIT = 256  # the icon's side in its own units

type Colour = tuple[int, int, int, int]
type Point = tuple[float, float]

BLUE: Colour = (24, 98, 168, 255)
BLUE_ON_DARK: Colour = (88, 166, 238, 255)
GREEN: Colour = (67, 181, 92, 255)
WHITE: Colour = (255, 255, 255, 255)
INK: Colour = (33, 43, 54, 255)
INK_ON_DARK: Colour = (236, 240, 244, 255)
CLEAR: Colour = (0, 0, 0, 0)


class Canvas:
    """A transparent picture in units of the icon, drawn larger than it will be."""

    def __init__(self, width: float, height: float) -> None:
        self.image = Image.new("RGBA", (round(width * SCALE), round(height * SCALE)), CLEAR)
        self._draw = ImageDraw.Draw(self.image)

    def box(self, left: float, top: float, right: float, bottom: float, radius: float, colour: Colour) -> None:
        """A filled rectangle with round corners."""
        corners = [value * SCALE for value in (left, top, right, bottom)]
        self._draw.rounded_rectangle(corners, radius * SCALE, fill=colour)

    def disc(self, x: float, y: float, radius: float, colour: Colour) -> None:
        """A filled circle."""
        self._draw.ellipse([value * SCALE for value in (x - radius, y - radius, x + radius, y + radius)], fill=colour)

    def polygon(self, points: list[Point], colour: Colour) -> None:
        """A filled polygon."""
        self._draw.polygon([(x * SCALE, y * SCALE) for x, y in points], fill=colour)

    def stroke(self, points: list[Point], width: float, colour: Colour) -> None:
        """A line with round joints and ends."""
        self._draw.line(
            [(x * SCALE, y * SCALE) for x, y in points], fill=colour, width=round(width * SCALE), joint="curve"
        )
        for x, y in points:
            self.disc(x, y, width / 2, colour)

    def arc(self, x: float, y: float, radius: float, start: float, end: float, width: float, colour: Colour) -> None:
        """A part of a circle with round ends; degrees clockwise from the right."""
        steps = max(8, round(abs(end - start) / 3))
        angles = [math.radians(start + (end - start) * step / steps) for step in range(steps + 1)]
        self.stroke([(x + radius * math.cos(angle), y + radius * math.sin(angle)) for angle in angles], width, colour)

    def save(self, name: str, height: int) -> None:
        """Trim to what is drawn, reduce to a height, and write."""
        trimmed = self.image.crop(self.image.getbbox())
        width = round(trimmed.width * height / trimmed.height)
        picture = trimmed.resize((width, height), Image.Resampling.LANCZOS)
        # Few colours and their soft edges: a palette holds them in a third of the octets.
        picture.quantize(256, Image.Quantize.FASTOCTREE).save(TARGET / name, optimize=True)


def meter(canvas: Canvas, body: Colour) -> None:
    """The icon: a meter, its register, and the line it talks over."""
    # The case fills the whole width, so that trimming leaves a square.
    canvas.box(0, 0, 256, 256, 56, body)
    # The dial.
    canvas.disc(128, 104, 78, WHITE)
    canvas.arc(128, 104, 58, 150, 390, 12, (214, 224, 234, 255))
    canvas.arc(128, 104, 58, 150, 292, 12, GREEN)
    # The flash in it.
    canvas.polygon([(139, 62), (104, 114), (126, 114), (116, 150), (153, 96), (130, 96)], body)
    # Frames on the line: three octets below, one of them just arriving.
    canvas.stroke([(34, 216), (222, 216)], 8, WHITE)
    for x, colour in ((66, WHITE), (128, GREEN), (190, WHITE)):
        canvas.box(x - 21, 199, x + 21, 233, 9, body)
        canvas.box(x - 15, 204, x + 15, 228, 7, colour)


def letters(canvas: Canvas, text: str, x: float, top: float, height: float, width: float, colour: Colour) -> float:
    """Write with strokes; return where the next letter would begin."""
    cap = height
    half = cap / 2
    for letter in text:
        advance = 0.62 * cap
        left, right, bottom, middle = x, x + advance, top + cap, top + half
        if letter == "D":
            canvas.stroke([(left, bottom), (left, top), (right - half * 0.8, top)], width, colour)
            canvas.arc(right - half * 0.8, middle, half, -90, 90, width, colour)
            canvas.stroke([(right - half * 0.8, bottom), (left, bottom)], width, colour)
            advance += 0.1 * cap
        elif letter == "L":
            canvas.stroke([(left, top), (left, bottom), (right - 0.08 * cap, bottom)], width, colour)
        elif letter == "M":
            right += 0.22 * cap
            centre = (left + right) / 2
            canvas.stroke(
                [(left, bottom), (left, top), (centre, bottom - 0.28 * cap), (right, top), (right, bottom)],
                width,
                colour,
            )
            advance += 0.22 * cap
        elif letter == "S":
            radius = half / 2
            centre = (left + right) / 2
            reach = advance / 2 - radius
            canvas.stroke([(right, top), (centre - reach, top)], width, colour)
            canvas.arc(centre - reach, top + radius, radius, -90, -270, width, colour)
            canvas.stroke([(centre - reach, middle), (centre + reach, middle)], width, colour)
            canvas.arc(centre + reach, middle + radius, radius, -90, 90, width, colour)
            canvas.stroke([(centre + reach, bottom), (left, bottom)], width, colour)
        elif letter == "C":
            radius = half
            canvas.arc(left + radius, middle, radius, -48, -312, width, colour)
            advance = radius * 1.7
        elif letter == "O":
            canvas.arc(left + half, middle, half, 0, 360, width, colour)
            advance = cap
        elif letter == "E":
            canvas.stroke(
                [(right - 0.06 * cap, top), (left, top), (left, bottom), (right - 0.06 * cap, bottom)], width, colour
            )
            canvas.stroke([(left, middle), (right - 0.14 * cap, middle)], width, colour)
        elif letter == "/":
            canvas.stroke([(left, bottom + 0.1 * cap), (left + 0.42 * cap, top - 0.1 * cap)], width, GREEN)
            advance = 0.42 * cap
        x += advance + 0.3 * cap
    return x


def main() -> None:
    """Write all pictures."""
    TARGET.mkdir(parents=True, exist_ok=True)
    for prefix, body, ink in (("", BLUE, INK), ("dark_", BLUE_ON_DARK, INK_ON_DARK)):
        icon = Canvas(UNIT, UNIT)
        meter(icon, body)
        icon.save(f"{prefix}icon.png", 256)
        icon.save(f"{prefix}icon@2x.png", 512)
        logo = Canvas(1700, UNIT)
        meter(logo, body)
        letters(logo, "DLMS/COSEM", 312, 74, 108, 19, ink)
        logo.save(f"{prefix}logo.png", 128)
        logo.save(f"{prefix}logo@2x.png", 256)


if __name__ == "__main__":
    main()

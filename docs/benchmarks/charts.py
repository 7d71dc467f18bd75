"""Two kinds of SVG charts, drawn by hand: bars in groups, lines over sizes."""

from html import escape

INK, MUTED, GRID, OURS, OTHERS = "#1f2328", "#59636e", "#d8dee4", "#6c47ff", "#afb8c1"
LINES = ["#1f2328", "#57ab5a", OURS, "#0969da", "#bf8700", "#d1242f"]


def bars(title, groups):
    """Groups of (label, value, whether it is ours); each group has a scale of its own."""
    left, right, row, top = 260, 640, 22, 44
    parts, y = [text(16, 26, title, weight=600)], top
    for name, entries in groups:
        y += 14
        parts.append(text(16, y, name, MUTED))
        y += 8
        longest = max(value for _, value, _ in entries)
        for label, value, is_ours in entries:
            width = (right - left) * value / longest
            parts.append(text(left - 8, y + 15, label, anchor="end", weight=600 if is_ours else 400))
            parts.append(f'<rect x="{left}" y="{y + 3}" width="{width:.1f}" height="{row - 6}" rx="2" '
                         f'fill="{OURS if is_ours else OTHERS}"/>')
            parts.append(text(left + width + 6, y + 15, f"{value:.3g} µs"))
            y += row
        y += 12
    return svg(title, 720, y, parts)


def lines(title, sizes, series):
    """Series of (label, a value for each size, whether it is ours), evenly spaced sizes."""
    left, right, top, bottom = 48, 560, 52, 330
    most = max(max(values) for _, values, _ in series)
    x = lambda place: left + (right - left) * place / (len(sizes) - 1)
    y = lambda value: bottom - (bottom - top) * value / (most * 1.05)
    parts = [text(16, 26, title, weight=600)]
    for tick in range(int(most * 1.05) + 1):
        parts.append(f'<line x1="{left}" x2="{right}" y1="{y(tick):.1f}" y2="{y(tick):.1f}" stroke="{GRID}"/>')
        parts.append(text(left - 8, y(tick) + 4, str(tick), MUTED, "end"))
    for place, size in enumerate(sizes):
        parts.append(text(x(place), bottom + 20, size, MUTED, "middle"))
    labels = spread([(y(values[-1]), number) for number, (_, values, _) in enumerate(series)])
    for number, (label, values, is_ours) in enumerate(series):
        points = " ".join(f"{x(place):.1f},{y(value):.1f}" for place, value in enumerate(values))
        dash = ' stroke-dasharray="5 4"' if number == 0 else ""
        parts.append(f'<polyline points="{points}" fill="none" stroke="{LINES[number]}" '
                     f'stroke-width="{3 if is_ours else 1.6}"{dash}/>')
        parts.append(text(right + 10, labels[number] + 4, label, LINES[number], weight=600 if is_ours else 400))
    return svg(title, 720, bottom + 36, parts)


def spread(wanted):
    """Heights for labels, from the lowest up, at least a line apart."""
    placed, last = {}, float("inf")
    for height, number in sorted(wanted, reverse=True):
        last = placed[number] = min(height, last - 15)
    return placed


def text(x, y, words, color=INK, anchor="start", weight=400):
    return (f'<text x="{x:.1f}" y="{y:.1f}" fill="{color}" text-anchor="{anchor}" '
            f'font-weight="{weight}">{escape(words)}</text>')


def svg(title, width, height, parts):
    style = "font-family: system-ui, sans-serif; font-size: 12px"
    body = "\n".join(parts)
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
            f'height="{height}" role="img" style="{style}">\n<title>{escape(title)}</title>\n'
            f'<rect width="{width}" height="{height}" rx="6" fill="#ffffff"/>\n{body}\n</svg>\n')

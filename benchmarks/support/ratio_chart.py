"""A bar chart of ratios as SVG: one bar a row, a line at 1. No script, no font, readable on light and dark."""
from xml.sax.saxutils import escape

COLOURS = {"llama.cpp": "#4878a8", "openvino": "#8a5a9e", "ctranslate2": "#b07030"}


def ratio_chart(rows, title, subtitle):
    left, width, line, top = 330, 420, 24, 64
    most = max([row["ratio"] for row in rows] + [1]) * 1.08
    height = top + line * len(rows) + 20
    at_one = left + width / most
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {left + width + 70} {height}" font-family="sans-serif" font-size="13">',
           "<style>text{fill:#222}.rule{stroke:#222}.paper{fill:#fff}"
           "@media(prefers-color-scheme:dark){text{fill:#ddd}.rule{stroke:#ddd}.paper{fill:#16181c}}</style>",
           '<rect class="paper" width="100%" height="100%"/>',
           f'<text x="12" y="22" font-size="16" font-weight="bold">{escape(title)}</text>',
           f'<text x="12" y="42" font-size="11">{escape(subtitle)}</text>']
    for i, row in enumerate(rows):
        y = top + line * i
        label = f"{row['work']}, {row['model']} {row['type']}, {row['peer']}"
        length = max(1, width * row["ratio"] / most)
        out += [f'<text x="{left - 8}" y="{y + 14}" text-anchor="end">{escape(label)}</text>',
                f'<rect x="{left}" y="{y + 2}" width="{length:.1f}" height="{line - 8}" rx="2" fill="{COLOURS[row["peer"]]}"/>',
                f'<text x="{left + length + 6:.1f}" y="{y + 14}">{row["ratio"]:.2f}</text>']
    out += [f'<line class="rule" x1="{at_one:.1f}" y1="{top - 6}" x2="{at_one:.1f}" y2="{height - 14}" stroke-dasharray="3 3"/>',
            f'<text x="{at_one:.1f}" y="{height - 3}" text-anchor="middle" font-size="11">1 = as fast as the peer</text>', "</svg>"]
    return "\n".join(out) + "\n"

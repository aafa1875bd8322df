#include "integration/browser.hpp"

#include <unistd.h>

#include <cstdlib>
#include <stdexcept>

#include "core/files.hpp"
#include "core/text.hpp"
#include "integration/tiny_data.hpp"

namespace laq::integration {
namespace fs = std::filesystem;
namespace {

// Shows the page at two widths, as a window of that width would, and writes down what it finds.
constexpr const char* kProbe = R"(<!DOCTYPE html>
<html><head><meta charset="utf-8"><title>probe</title><link rel="icon" href="data:,"></head><body>
<iframe src="PAGE" style="width:1280px;height:900px;border:0"></iframe>
<iframe src="PAGE" style="width:390px;height:844px;border:0"></iframe>
<pre id="found"></pre>
<script>
function facts(frame) {
  const page = frame.contentDocument, root = page.documentElement;
  const all = selector => Array.from(page.querySelectorAll(selector));
  const ids = all('[id]').map(e => e.id);
  // Text of the figures that are shown: what leaves its figure, and what touches other text.
  const cut = [], touching = [];
  for (const svg of all('svg').filter(s => s.getClientRects().length)) {
    const edge = svg.getBoundingClientRect();
    const texts = Array.from(svg.querySelectorAll('text')).filter(t => t.textContent.trim())
      .map(t => ({box: t.getBoundingClientRect(), said: t.textContent.trim()}));
    texts.forEach((a, i) => {
      if (a.box.left < edge.left - 0.5 || a.box.right > edge.right + 0.5 ||
          a.box.top < edge.top - 0.5 || a.box.bottom > edge.bottom + 0.5)
        cut.push(svg.id + a.said);
      for (const b of texts.slice(i + 1)) {
        // Boxes are as high as the font, letters are not.
        const across = Math.min(a.box.right, b.box.right) - Math.max(a.box.left, b.box.left);
        const down = Math.min(a.box.bottom, b.box.bottom) - Math.max(a.box.top, b.box.top);
        if (across > 0.5 && down > 0.3 * Math.min(a.box.height, b.box.height))
          touching.push(a.said + ' / ' + b.said);
      }
    });
  }
  return {
    overflow: root.scrollWidth - root.clientWidth,
    resources: frame.contentWindow.performance.getEntriesByType('resource').map(e => e.name),
    dangling: all('a[href]').map(a => a.getAttribute('href'))
      .filter(h => !h.startsWith('#') || !page.getElementById(h.slice(1))),
    twice: ids.filter((id, i) => ids.indexOf(id) !== i),
    cut: cut, touching: touching,
    svgs: all('svg').filter(s => s.getClientRects().length).length,
    unnamed_svgs: all('svg').filter(s => !s.querySelector('title') ||
      s.getAttribute('role') !== 'img').length,
    tables: all('table').length,
    bare_tables: all('table').filter(t => !t.caption || !t.caption.textContent).length,
    bare_heads: all('th').filter(t => !t.scope).length,
    text: page.body.textContent
  };
}
window.onload = () => {
  document.querySelectorAll('iframe').forEach(f =>
    f.contentDocument.querySelectorAll('details').forEach(d => d.open = true));
  document.getElementById('found').textContent =
    encodeURIComponent(JSON.stringify(Array.from(document.querySelectorAll('iframe')).map(facts)));
};
</script></body></html>
)";

std::string decoded(const std::string& text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      result += text[i];
      continue;
    }
    result += static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16));
    i += 2;
  }
  return result;
}

std::string between(const std::string& text, const std::string& begin, const std::string& end) {
  const auto from = text.find(begin);
  const auto to = from == std::string::npos ? from : text.find(end, from + begin.size());
  if (to == std::string::npos) return "";
  return text.substr(from + begin.size(), to - from - begin.size());
}

}  // namespace

bool has_browser() {
  return std::system("command -v chromium >/dev/null 2>&1") == 0;
}

Browsed browse(const fs::path& page, const fs::path& scratch) {
  std::string probe = kProbe;
  const std::string place = "PAGE", url = "file://" + fs::absolute(page).string();
  for (std::size_t at = 0; (at = probe.find(place, at)) != std::string::npos; at += url.size())
    probe.replace(at, place.size(), url);
  write_text(scratch / "probe.html", probe);
  const std::string command =
      "timeout 200 chromium --headless --disable-gpu --no-first-run --disable-component-update "
      "--disable-background-networking --allow-file-access-from-files --enable-logging=stderr "
      "--virtual-time-budget=10000 --window-size=1400,2000 --user-data-dir='" +
      (scratch / "profile").string() + "'" + (::geteuid() == 0 ? " --no-sandbox" : "") +
      " --dump-dom 'file://" + (scratch / "probe.html").string() + "' >'" +
      (scratch / "dom").string() + "' 2>'" + (scratch / "said").string() + "'";
  if (std::system(command.c_str()) != 0)
    throw std::runtime_error("chromium failed: " + read_file(scratch / "said"));
  const auto found = nlohmann::json::parse(
      decoded(between(read_file(scratch / "dom"), "<pre id=\"found\">", "</pre>")));
  Browsed browsed{{}, found.at(0), found.at(1)};
  for (const auto& line : split(read_file(scratch / "said"), '\n')) {
    if (line.find("CONSOLE") != std::string::npos) browsed.console.push_back(line);
  }
  return browsed;
}

}  // namespace laq::integration

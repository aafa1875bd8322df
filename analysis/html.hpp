#pragma once

#include <string>
#include <string_view>

namespace laq::analysis {

/// Text for HTML and XML, in content and in quoted attributes: valid UTF-8, without control
/// characters.
std::string escaped_html(std::string_view text);

/// <a href="#anchor">…</a> around text that is escaped already.
std::string link_to(const std::string& anchor, const std::string& html);

}  // namespace laq::analysis

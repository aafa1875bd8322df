#pragma once

#include <cstddef>
#include <string>

namespace laq::data {

/// `base` and `name` with one slash between them.
std::string join_url(const std::string& base, const std::string& name);

/// Content behind an http, https or file URL. Gives up when no connection is there after 10 s or
/// the transfer stalls for 20 s. Errors, beginning with the URL: no connection, an answer other
/// than 200, a transfer cut short, more than `most` bytes.
std::string download(const std::string& url, std::size_t most);

}  // namespace laq::data

#include "data/download.hpp"

#include <curl/curl.h>
#include <fmt/format.h>

#include <array>
#include <memory>

#include "core/error.hpp"

namespace laq::data {
namespace {

constexpr long kConnectSeconds = 10;
constexpr long kStallSeconds = 20;
constexpr long kStallBytesPerSecond = 64;
constexpr long kRedirections = 5;

struct Received {
  std::string content;
  std::size_t most;
  bool too_long = false;
};

std::size_t receive(char* bytes, std::size_t unit, std::size_t count, void* target) {
  auto& received = *static_cast<Received*>(target);
  const std::size_t size = unit * count;
  if (size > received.most - received.content.size()) {
    received.too_long = true;
    return 0;  // libcurl then stops the transfer
  }
  try {
    received.content.append(bytes, size);
  } catch (const std::bad_alloc&) {
    return 0;  // must not fly through C code
  }
  return size;
}

void start_curl() {
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (started != CURLE_OK) throw Error({.what = "libcurl does not start"});
}

}  // namespace

std::string join_url(const std::string& base, const std::string& name) {
  return base + (base.empty() || base.back() == '/' ? "" : "/") + name;
}

std::string download(const std::string& url, std::size_t most) {
  start_curl();
  const std::unique_ptr<CURL, void (*)(CURL*)> curl(curl_easy_init(), curl_easy_cleanup);
  if (!curl) throw Error({.what = "libcurl does not start"});
  Received received{.content = {}, .most = most};
  received.content.reserve(most);  // growing a large file would need twice its memory
  std::array<char, CURL_ERROR_SIZE> reason{};
  const auto set = [&](CURLoption option, auto value) {
    if (const CURLcode failed = curl_easy_setopt(curl.get(), option, value); failed != CURLE_OK) {
      throw Error({.what = fmt::format("libcurl: {}", curl_easy_strerror(failed)), .where = url});
    }
  };
  set(CURLOPT_URL, url.c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https,file");
  set(CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  set(CURLOPT_FOLLOWLOCATION, 1L);
  set(CURLOPT_MAXREDIRS, kRedirections);
  set(CURLOPT_FAILONERROR, 1L);
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
  set(CURLOPT_LOW_SPEED_TIME, kStallSeconds);
  set(CURLOPT_LOW_SPEED_LIMIT, kStallBytesPerSecond);
  set(CURLOPT_USERAGENT, "laq");
  set(CURLOPT_ERRORBUFFER, reason.data());
  set(CURLOPT_WRITEFUNCTION, &receive);
  set(CURLOPT_WRITEDATA, static_cast<void*>(&received));
  const CURLcode failed = curl_easy_perform(curl.get());
  if (received.too_long) {
    throw Error({.what = "content is too long",
                 .where = url,
                 .found = fmt::format("more than {} bytes", most),
                 .expected = fmt::format("at most {}", most)});
  }
  if (failed != CURLE_OK) {
    const std::string text = reason[0] ? reason.data() : curl_easy_strerror(failed);
    throw Error({.what = "download failed: " + text, .where = url});
  }
  return std::move(received.content);
}

}  // namespace laq::data

#include <bit>
#include <cstring>
#include <span>
#include <string>

#include "core/error.hpp"
#include "core/files.hpp"
#include "data/zca.hpp"

// The file: a first line, mean and matrix as little-endian floats, the SHA-256 of all that.
namespace laq::data {
namespace fs = std::filesystem;
namespace {

static_assert(std::endian::native == std::endian::little);

constexpr std::string_view kFirstLine = "laq whitening 1\n";
constexpr std::size_t kDigits = 64;  // of a SHA-256 in hexadecimal

void append(std::string& text, const std::vector<float>& values) {
  text.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
}

}  // namespace

void write_whitening(const fs::path& path, const Whitening& whitening) {
  std::string content(kFirstLine);
  append(content, whitening.mean);
  append(content, whitening.matrix);
  content += sha256(content);
  make_folder(path.parent_path());
  replace_file(path, content);
}

std::optional<Whitening> read_whitening(const fs::path& path, std::size_t features) {
  std::error_code absent;
  const std::size_t body = kFirstLine.size() + (features + features * features) * sizeof(float);
  if (fs::file_size(path, absent) != body + kDigits || absent) return std::nullopt;
  const std::string content = read_file(path);
  const std::string_view all = content;
  if (!all.starts_with(kFirstLine) || all.size() != body + kDigits ||
      sha256(all.substr(0, body)) != all.substr(body)) {
    return std::nullopt;
  }
  Whitening whitening{std::vector<float>(features), std::vector<float>(features * features)};
  const char* values = content.data() + kFirstLine.size();
  std::memcpy(whitening.mean.data(), values, features * sizeof(float));
  std::memcpy(whitening.matrix.data(), values + features * sizeof(float),
              features * features * sizeof(float));
  return whitening;
}

Whitening kept_whitening(const fs::path& folder, const std::string& content, std::size_t features,
                         const std::function<Whitening()>& fit) {
  if (folder.empty()) return fit();
  const fs::path path = folder / ("whitening-" + content.substr(0, 16) + ".bin");
  if (auto kept = read_whitening(path, features)) return std::move(*kept);
  Whitening whitening = fit();
  try {
    write_whitening(path, whitening);
  } catch (const Error&) {
    // The next run fits it again.
  }
  return whitening;
}

}  // namespace laq::data

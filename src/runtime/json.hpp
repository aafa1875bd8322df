#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace laq::runtime {

/// Parses JSON from a file. Failure: malformed; a key twice; nested deeper than 24; more values
/// than so many bytes hold in earnest, as such bombs take far more memory than they have bytes.
nlohmann::json parse_json(std::string_view text, const char* what);

/// The members of an object, each read once, by whoever knows them. Failures name `where`.
class Object {
 public:
  Object(const nlohmann::json& json, std::string where);

  bool has(const char* key) const { return json_->contains(key); }
  std::string text(const char* key) const;
  std::size_t whole(const char* key, std::size_t least, std::size_t most) const;
  std::size_t whole(const char* key, std::size_t least, std::size_t most,
                    std::size_t otherwise) const;
  double number(const char* key, double least, double most) const;
  std::vector<std::size_t> wholes(const char* key, std::size_t most_values) const;
  /// Null when absent. Failure: not a list.
  const nlohmann::json* list(const char* key) const;

  [[noreturn]] void fail(const char* key, const std::string& why) const;

 private:
  const nlohmann::json& at(const char* key) const;

  const nlohmann::json* json_;
  std::string where_;
};

}  // namespace laq::runtime

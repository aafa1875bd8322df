#include "runtime/json.hpp"

#include <set>

#include "runtime/failure.hpp"

namespace laq::runtime {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kDeepest = 24;

// At least so many bytes of text for each value, on the average.
constexpr std::size_t kBytesOfValue = 4, kFreeValues = 64;

std::size_t whole_number(const Object& object, const char* key, const Json& value,
                         std::size_t least, std::size_t most) {
  if (!value.is_number_unsigned()) object.fail(key, "is not a whole number from 0");
  const auto number = value.get<std::uint64_t>();
  if (number < least || number > most) {
    object.fail(key, "is " + std::to_string(number) + ", expected " + std::to_string(least) +
                         " to " + std::to_string(most));
  }
  return number;
}

// Looks at JSON before anything of it is kept. (The parser's own callback goes through all members
// of an array after each of them.)
class Inspection : public nlohmann::json_sax<Json> {
 public:
  Inspection(const char* what, std::size_t size)
      : what_(what), most_values_(kFreeValues + size / kBytesOfValue) {}

  bool null() override { return value(); }
  bool boolean(bool) override { return value(); }
  bool number_integer(number_integer_t) override { return value(); }
  bool number_unsigned(number_unsigned_t) override { return value(); }
  bool number_float(number_float_t, const string_t&) override { return value(); }
  bool string(string_t&) override { return value(); }
  bool binary(binary_t&) override { return value(); }
  bool start_object(std::size_t) override { return open(); }
  bool start_array(std::size_t) override { return open(); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(string_t& name) override {
    if (keys_.back().insert(name).second) return true;
    throw Failure(std::string(what_) + " has the key " + runtime::quoted(name) + " twice");
  }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override {
    return false;
  }

 private:
  bool value() {
    if (++values_ <= most_values_) return true;
    throw Failure(std::string(what_) + " has too many values for its size");
  }
  bool open() {
    keys_.emplace_back();
    if (keys_.size() <= kDeepest) return value();
    throw Failure(std::string(what_) + " is nested too deeply");
  }
  bool close() {
    keys_.pop_back();
    return true;
  }

  const char* what_;
  std::size_t most_values_, values_ = 0;
  std::vector<std::set<std::string>> keys_;
};

}  // namespace

Json parse_json(std::string_view text, const char* what) {
  Inspection inspection(what, text.size());
  try {
    if (Json::sax_parse(text.begin(), text.end(), &inspection))
      return Json::parse(text.begin(), text.end());
  } catch (const Json::exception&) {
    // A number beyond all bounds.
  }
  throw Failure(std::string(what) + " is not well-formed JSON");
}

Object::Object(const Json& json, std::string where) : json_(&json), where_(std::move(where)) {
  if (!json.is_object()) throw Failure(where_ + " is not a JSON object");
}

void Object::fail(const char* key, const std::string& why) const {
  throw Failure(where_ + ": '" + key + "' " + why);
}

const Json& Object::at(const char* key) const {
  const auto found = json_->find(key);
  if (found == json_->end()) fail(key, "is missing");
  return *found;
}

std::string Object::text(const char* key) const {
  const Json& value = at(key);
  if (!value.is_string()) fail(key, "is not text");
  return value.get<std::string>();
}

std::size_t Object::whole(const char* key, std::size_t least, std::size_t most) const {
  return whole_number(*this, key, at(key), least, most);
}

std::size_t Object::whole(const char* key, std::size_t least, std::size_t most,
                          std::size_t otherwise) const {
  return has(key) ? whole(key, least, most) : otherwise;
}

double Object::number(const char* key, double least, double most) const {
  const Json& value = at(key);
  if (!value.is_number()) fail(key, "is not a number");
  const auto number = value.get<double>();
  if (!(number >= least && number <= most))
    fail(key, "is not from " + std::to_string(least) + " to " + std::to_string(most));
  return number;
}

std::vector<std::size_t> Object::wholes(const char* key, std::size_t most_values) const {
  const Json& value = at(key);
  if (!value.is_array() || value.size() > most_values)
    fail(key, "is not a list of at most " + std::to_string(most_values) + " numbers");
  std::vector<std::size_t> numbers;
  for (const Json& one : value)
    numbers.push_back(whole_number(*this, key, one, 0, static_cast<std::size_t>(-1)));
  return numbers;
}

const Json* Object::list(const char* key) const {
  if (!has(key)) return nullptr;
  const Json& value = at(key);
  if (!value.is_array()) fail(key, "is not a list");
  return &value;
}

}  // namespace laq::runtime

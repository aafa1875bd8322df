#include "record/status.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/error.hpp"
#include "core/files.hpp"
#include "core/process.hpp"
#include "core/text.hpp"
#include "record/provenance.hpp"

namespace laq::record {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array<std::pair<State, const char*>, 6> kStates{
    {{State::queued, "queued"},
     {State::running, "running"},
     {State::completed, "completed"},
     {State::failed, "failed"},
     {State::diverged, "diverged"},
     {State::interrupted, "interrupted"}}};
constexpr const char* kAdvice = "delete the file; the run then counts as not started";

/// Typed access to the keys of one file, with errors that name them.
class Keys {
 public:
  Keys(const Json& json, std::string file) : json_(json), file_(std::move(file)) {}

  template <typename T>
  void read(const char* key, T& value) const {
    const auto found = json_.find(key);
    if (found == json_.end()) return;
    const bool fits = std::is_same_v<T, std::string> ? found->is_string()
                      : std::is_integral_v<T>        ? found->is_number_integer()
                                                     : found->is_number();
    if (!fits) refuse(key, found->type_name(), expected<T>());
    value = found->get<T>();
  }

  State state() const {
    std::string name;
    read("state", name);
    std::vector<std::string> known;
    for (const auto& [state, text] : kStates) {
      if (name == text) return state;
      known.emplace_back(text);
    }
    refuse("state", name.empty() ? "nothing" : "'" + name + "'", "one of " + join(known));
  }

 private:
  template <typename T>
  static std::string expected() {
    if (std::is_same_v<T, std::string>) return "text";
    return std::is_integral_v<T> ? "an integer" : "a number";
  }
  [[noreturn]] void refuse(const std::string& key, const std::string& found,
                           const std::string& expected) const {
    throw Error({.what = "the status is broken, key '" + key + "'",
                 .where = file_,
                 .found = found,
                 .expected = expected,
                 .advice = kAdvice});
  }

  const Json& json_;
  std::string file_;
};

double now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace

std::string state_name(State state) {
  for (const auto& [known, text] : kStates) {
    if (known == state) return text;
  }
  throw Error({.what = "not a state of a run"});
}

Status own_status(State state) {
  Status status;
  status.state = state;
  status.pid = ::getpid();
  status.host = host_name();
  return status;
}

void write_status(const std::filesystem::path& file, const Status& status) {
  Json json;
  json["state"] = state_name(status.state);
  json["reason"] = status.reason;
  json["heartbeat"] = now_iso8601();
  json["heartbeat_seconds"] = now();
  json["epoch"] = status.epoch;
  json["epochs"] = status.epochs;
  json["step"] = status.step;
  if (std::isfinite(status.progress)) json["progress"] = std::clamp(status.progress, 0.0, 1.0);
  if (status.seconds_left && std::isfinite(*status.seconds_left)) {
    json["seconds_left"] = *status.seconds_left;
  }
  json["pid"] = status.pid;
  json["host"] = status.host;
  if (!status.method_source.empty()) json["method_source"] = status.method_source;
  // A reason may quote bytes that are not UTF-8.
  replace_file(file, json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

std::optional<Status> read_status(const std::filesystem::path& file) {
  std::error_code failed;
  if (!std::filesystem::exists(file, failed) && !failed) return std::nullopt;
  const std::string content = read_file(file);
  // A machine that crashed may leave an empty file, or zeros.
  if (content.find_first_not_of(std::string_view(" \n\0", 3)) == std::string::npos)
    return std::nullopt;
  const Json json = Json::parse(content, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) {
    throw Error({.what = "the status is broken",
                 .where = file.string(),
                 .found = json.is_discarded() ? "text that is not JSON" : json.type_name(),
                 .expected = "a JSON object",
                 .advice = kAdvice});
  }
  const Keys keys(json, file.string());
  Status status;
  status.state = keys.state();
  keys.read("reason", status.reason);
  keys.read("heartbeat", status.heartbeat);
  keys.read("heartbeat_seconds", status.heartbeat_seconds);
  keys.read("epoch", status.epoch);
  keys.read("epochs", status.epochs);
  keys.read("step", status.step);
  keys.read("progress", status.progress);
  keys.read("pid", status.pid);
  keys.read("host", status.host);
  keys.read("method_source", status.method_source);
  if (json.contains("seconds_left") && !json["seconds_left"].is_null()) {
    double seconds = 0;
    keys.read("seconds_left", seconds);
    status.seconds_left = seconds;
  }
  return status;
}

double silence(const Status& status) {
  return now() - status.heartbeat_seconds;
}

bool writer_gone(const Status& status) {
  if (status.host != host_name()) return false;
  if (status.heartbeat_seconds <= 0) return !process_exists(status.pid);  // not told
  return !process_lives_since(status.pid, status.heartbeat_seconds);
}

}  // namespace laq::record

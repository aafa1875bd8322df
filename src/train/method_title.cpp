#include "train/method_title.hpp"

#include <fmt/format.h>

#include <map>
#include <set>

#include "config/reader.hpp"
#include "core/error.hpp"
#include "quant/quantizer.hpp"
#include "train/experiment.hpp"

namespace laq::train {
namespace {

using Values = std::map<std::string, std::string>;
constexpr const char* kQuantizer = "quantizer";

Values values_of(const nlohmann::json& canonical) {
  Values values;
  for (const auto& [key, value] : canonical.items())
    values[key] = value.is_string() ? value.get<std::string>() : value.dump();
  return values;
}

// The scalars as they were given.
Values written_values(const config::Tree* quantizer) {
  Values values;
  if (!quantizer || !quantizer->map()) return values;
  for (const auto& [key, value] : *quantizer->map()) {
    if (value.scalar()) values[key] = *value.scalar();
  }
  return values;
}

// With defaults. A file need not be whole: what it lacks is then what the run has.
Values own_values(const config::Tree& quantizer, const Values& otherwise) {
  try {
    config::Reader section(&quantizer, kQuantizer);
    quant::make_quantizer(section);
    return values_of(section.canonical());
  } catch (const Error&) {
    Values values = written_values(&quantizer);
    values.insert(otherwise.begin(), otherwise.end());
    return values;
  }
}

std::string place_of(const std::string& key) {
  return "{" + key + "}";
}

std::string filled(std::string text, const Values& values) {
  for (const auto& [key, value] : values) {
    const std::string place = place_of(key);
    for (std::size_t at = 0; (at = text.find(place, at)) != std::string::npos; at += value.size())
      text.replace(at, place.size(), value);
  }
  return text;
}

}  // namespace

MethodTitle::MethodTitle(const config::Tree& method, const std::string& name) : text_(name) {
  if (const auto* title = method.find("title"); title && title->scalar()) text_ = *title->scalar();
  if (const auto* quantizer = method.find(kQuantizer)) quantizer_ = *quantizer;
}

std::string MethodTitle::own() const {
  return filled(text_, own_values(quantizer_, {}));
}

std::string MethodTitle::of(const nlohmann::json& canonical, const config::Tree* written) const {
  const Values ran = values_of(canonical), given = written_values(written),
               own = own_values(quantizer_, ran);
  const auto in_text = [&](const std::string& key) {
    return text_.find(place_of(key)) != std::string::npos;
  };
  std::set<std::string> keys;
  bool fits = true;  // the run has everything that the title names
  for (const auto& [key, value] : own) {
    keys.insert(key);
    fits = fits && (!in_text(key) || ran.contains(key));
  }
  for (const auto& [key, value] : ran) keys.insert(key);
  const bool same_rule = own.contains("rule") && ran.at("rule") == own.at("rule");
  std::string title = filled(text_, fits ? ran : own);
  for (const auto& key : keys) {
    if (fits && in_text(key)) continue;
    const auto before = own.find(key), now = ran.find(key);
    if (now != ran.end()) {
      if (before == own.end() || before->second != now->second)
        title += fmt::format(", {} {}", key, now->second);
    } else if (const auto again = given.find(key); again != given.end()) {
      // A default that the canonical form leaves out.
      title += fmt::format(", {} {}", key, again->second);
    } else if (same_rule) {
      title += ", no " + key;
    }
  }
  return title;
}

std::string method_title(const std::filesystem::path& configs, const std::string& method) {
  return MethodTitle(load_named(configs, "methods", method), method).own();
}

bool is_told_by_title(const std::string& key) {
  return key == kQuantizer || key.starts_with(std::string(kQuantizer) + ".");
}

}  // namespace laq::train

#include "record/run_identity.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "core/error.hpp"
#include "core/text.hpp"
#include "record/run_record.hpp"

namespace laq::record {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kDigits = 8;  // of a hash, in a folder's name

std::string short_hash(const std::string& hash) {
  return hash.substr(0, kDigits);
}

bool same_hash(const std::string& a, const std::string& b) {
  return a.starts_with(b) || b.starts_with(a);  // one may be a folder's
}

std::optional<std::int64_t> seed_in(const std::string& name) {
  constexpr std::string_view kStart = "seed-";
  if (!name.starts_with(kStart)) return std::nullopt;
  return number_from<std::int64_t>(std::string_view(name).substr(kStart.size()));
}

}  // namespace

fs::path RunIdentity::folder() const {
  return fs::path(experiment) / (method + "-" + short_hash(hash)) /
         fmt::format("seed-{}", seed.value_or(0));
}

std::string plain_name(const std::string& name) {
  return fs::path(name).stem().string();
}

RunIdentity identity_of(const Provenance& provenance) {
  return {plain_name(provenance.experiment), plain_name(provenance.method), provenance.config_hash,
          provenance.seed};
}

RunIdentity identity_of(const CheckpointState& state) {
  const auto text = [&](const char* name) {
    const auto found = state.texts.find(name);
    return found == state.texts.end() ? std::string() : found->second;
  };
  RunIdentity identity{text("experiment"), text("method"), text("config_hash"), {}};
  if (const auto seed = state.counters.find("seed"); seed != state.counters.end())
    identity.seed = seed->second;
  return identity;
}

RunIdentity identity_by_name(const fs::path& folder) {
  fs::path rest = fs::absolute(folder).lexically_normal();
  if (rest.filename().empty()) rest = rest.parent_path();  // it ended with a slash
  RunIdentity identity;
  identity.seed = seed_in(rest.filename().string());
  rest = rest.parent_path();
  const std::string name = rest.filename().string();
  const auto dash = name.rfind('-');
  if (!identity.seed || dash == std::string::npos || name.size() - dash - 1 != kDigits ||
      name.find_first_not_of("0123456789abcdef", dash + 1) != std::string::npos) {
    return identity;
  }
  identity.method = name.substr(0, dash);
  identity.hash = name.substr(dash + 1);
  identity.experiment = rest.parent_path().filename().string();
  return identity;
}

void require_run(const fs::path& file, const RunIdentity& found, const RunIdentity& expected) {
  std::vector<std::string> is, should_be;
  const auto compare = [&](const char* what, const std::string& a, const std::string& b,
                           bool same) {
    if (same || a.empty() || b.empty()) return;
    is.push_back(fmt::format("{} {}", what, a));
    should_be.push_back(fmt::format("{} {}", what, b));
  };
  compare("experiment", found.experiment, expected.experiment,
          found.experiment == expected.experiment);
  compare("method", found.method, expected.method, found.method == expected.method);
  const bool known_by_8 = short_hash(found.hash) != short_hash(expected.hash);
  compare("hash", known_by_8 ? short_hash(found.hash) : found.hash,
          known_by_8 ? short_hash(expected.hash) : expected.hash,
          same_hash(found.hash, expected.hash));
  if (found.seed && expected.seed) {
    compare("seed", std::to_string(*found.seed), std::to_string(*expected.seed),
            found.seed == expected.seed);
  }
  if (is.empty()) return;
  const bool whole =
      !found.experiment.empty() && !found.method.empty() && !found.hash.empty() && found.seed;
  throw Error(
      {.what = "is of another run than its folder's name says",
       .where = file.string(),
       .found = join(is),
       .expected = join(should_be),
       .advice = fmt::format(
           "a copied or renamed folder counts for nothing: remove it{}",
           whole ? ", or move it to " + found.folder().string() + " below its runs folder" : "")});
}

void require_run_in(const fs::path& folder, const RunIdentity& expected) {
  const fs::path record = folder / "run.h5", checkpoint = folder / "checkpoint.h5";
  std::error_code ignored;
  const bool has_record = fs::exists(record, ignored);
  if (!has_record && !fs::exists(checkpoint, ignored)) return;
  RunIdentity found;
  try {
    found = has_record ? identity_of(read_provenance(record))
                       : identity_of(CheckpointReader(checkpoint).state());
  } catch (const Error&) {
    return;  // whoever needs it says what is wrong with it
  }
  require_run(has_record ? record : checkpoint, found, expected);
}

}  // namespace laq::record

#include "data/fetch.hpp"

#include <fmt/format.h>

#include "core/error.hpp"
#include "core/files.hpp"
#include "core/text.hpp"
#include "data/content.hpp"
#include "data/gzip.hpp"
#include "data/read_images.hpp"
#include "data/source_text.hpp"

namespace laq::data {
namespace fs = std::filesystem;
namespace {

/// Where a file may come from: a file, a URL, or (`cut`) the file of sources that it is cut from.
struct Candidate {
  fs::path file = {};
  std::string url = {};
  bool cut = false;
  std::string text() const { return url.empty() ? file.string() : url; }
};

std::vector<Candidate> candidates(const DatasetSpec& spec, const DataFile& file,
                                  const DataPaths& paths) {
  std::vector<Candidate> all;
  const auto add_folder = [&](const fs::path& folder) {
    for (const auto& name : names_on_disk(file)) all.push_back({.file = folder / name});
  };
  if (paths.mirror && is_url(*paths.mirror)) {
    all.push_back({.url = join_url(join_url(*paths.mirror, spec.folder_name()), file.name)});
  } else if (paths.mirror) {
    add_folder(fs::path(*paths.mirror) / spec.folder_name());
  }
  if (spec.cut_from)
    all.push_back({.file = spec.cut_from->archive, .cut = true});
  else if (!file.package_path.empty())
    add_folder(file.package_path.parent_path());
  for (const auto& url : file.urls) all.push_back({.url = url});
  return all;
}

/// Whether the file in the data directory is good; a bad one is for replacement, not an error.
bool already_there(const DatasetSpec& spec, const DataFile& file, const fs::path& folder) {
  for (const auto& name : names_on_disk(file)) {
    const fs::path path = folder / name;
    if (!occupied(path)) continue;
    try {
      check_file(spec, file, path);
      return true;
    } catch (const Error&) {
      return false;  // the first name is the one that locate would use
    }
  }
  return false;
}

/// With the right size and hash, the form is right too.
void check_raw(const DatasetSpec& spec, const DataFile& file, std::string_view raw,
               const std::string& where) {
  if (spec.kind == Kind::idx)
    checked_content(spec, file, raw, where);
  else
    check_published(file, raw, where);
}

/// A folder of pictures, or an unpacked archive, is not copied but used where it is.
bool usable_folder(const DatasetSpec& spec, const DataFile& file, const Candidate& candidate) {
  if (spec.kind == Kind::idx || !candidate.url.empty() || !fs::is_directory(candidate.file)) {
    return false;
  }
  check_file(spec, file, candidate.file);
  return true;
}

void store(const DataFile& file, const fs::path& folder, const std::string& raw) {
  const std::vector<std::string> names = names_on_disk(file);
  // A server may have unpacked the file on the way.
  const bool unpacked = file.name.ends_with(".gz") && !is_gzip(raw);
  const std::string& name = unpacked ? names.back() : names.front();
  replace_file(folder / name, raw);
  for (const auto& other : names) {
    if (other == name || fs::is_directory(folder / other)) continue;
    std::error_code failed;
    fs::remove(folder / other, failed);
    if (failed) {
      throw Error({.what = "cannot remove the bad file: " + failed.message(),
                   .where = (folder / other).string()});
    }
  }
}

std::string advice(const DatasetSpec& spec, const DataFile& file, bool offline) {
  std::string text = offline ? "run again without --offline, or " : "";
  if (!spec.debian_package.empty()) text += "apt-get install " + spec.debian_package + ", or ";
  return text +
         fmt::format("put {} into DIR/{} and pass --mirror DIR", file.name, spec.folder_name());
}

std::string read_candidate(const DatasetSpec& spec, const DataFile& file,
                           const Candidate& candidate, const FetchOptions& options) {
  if (candidate.cut) return source_text(*spec.cut_from);
  if (candidate.url.empty()) return read_raw(candidate.file, file);
  return options.read_url(candidate.url, most_raw_bytes(file));
}

void fetch_file(const DatasetSpec& spec, const DataFile& file, const DataPaths& paths,
                const FetchOptions& options) {
  const fs::path folder = paths.data_dir / spec.folder_name();
  const auto report = [&](const std::string& how) {
    if (options.report) options.report(fmt::format("{}/{}: {}", spec.name, file.name, how));
  };
  if (already_there(spec, file, folder)) return report("already there");
  std::vector<std::string> reasons;
  bool skipped_url = false;
  for (const auto& candidate : candidates(spec, file, paths)) {
    if (!candidate.url.empty() && options.offline) {
      skipped_url = true;
      continue;
    }
    if (candidate.url.empty() && !occupied(candidate.file)) {
      reasons.push_back(candidate.text() + ": no such file");
      continue;
    }
    std::string raw;
    try {
      if (usable_folder(spec, file, candidate)) {
        return report("stays where it is, " + candidate.text());
      }
      raw = read_candidate(spec, file, candidate, options);
      check_raw(spec, file, raw, candidate.text());
    } catch (const Error& error) {
      reasons.emplace_back(error.what());
      continue;
    }
    store(file, folder, raw);
    return report("from " + candidate.text());
  }
  if (skipped_url) reasons.emplace_back("URLs not tried (offline)");
  throw Error({.what = fmt::format("cannot get the file ({})", join(reasons, "; ")),
               .where = fmt::format("{}/{}", spec.name, file.name),
               .advice = advice(spec, file, skipped_url)});
}

}  // namespace

void fetch(const DatasetSpec& spec, const DataPaths& paths, const FetchOptions& options) {
  make_folder(paths.data_dir / spec.folder_name());
  sweep_temporaries(paths.data_dir / spec.folder_name());
  for (const auto& file : spec.files) fetch_file(spec, file, paths, options);
}

}  // namespace laq::data

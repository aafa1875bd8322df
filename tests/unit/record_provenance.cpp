#include <catch2/catch.hpp>

#include "record_support.hpp"

using namespace laq::record;

TEST_CASE("the system's part of a provenance is filled in") {
  const Provenance known = system_provenance();
  CHECK(known.creator == "laq");
  CHECK(known.version == version());
  CHECK(known.version.find('.') != std::string::npos);
  const bool unknown = known.git_commit.starts_with("unknown: ");
  CHECK((unknown || known.git_commit.size() == 40));
  CHECK_FALSE((unknown && known.git_dirty));
  CHECK_FALSE(known.host.empty());
  CHECK_FALSE(known.cpu_model.empty());
  CHECK(known.file_time.back() == 'Z');
}

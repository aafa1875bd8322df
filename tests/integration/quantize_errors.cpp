#include <algorithm>
#include <catch2/catch.hpp>
#include <limits>

#include "core/files.hpp"
#include "integration/quantize_support.hpp"
#include "integration/workplace.hpp"

using namespace laq;
using namespace laq::integration;

namespace {

/// A folder with in.h5, in which much is wrong.
struct Files : Workplace {
  Files() {
    record::write_hdf5(*this / "in.h5", [](record::Hdf5Writer& out) {
      const auto write = [&](const std::string& path, std::vector<double> values, std::size_t at,
                             double value) {
        values[at] = value;
        out.write<double>(path, values, {4, values.size() / 4});
      };
      const std::vector<double> ones(20, 1.0);
      write("/w", ones, 3, -0.5);
      write("/nan", ones, 7, std::numeric_limits<double>::quiet_NaN());
      write("/infinite", ones, 8, std::numeric_limits<double>::infinity());
      write("/huge", ones, 9, 1e300);
      write("/zero", ones, 11, 0.0);
      write("/negative", ones, 12, -1.0);
      out.write<double>("/long", ones, {20});
      out.write<double>("/deep", ones, {1, 2, 2, 5, 1});
      out.write<float>("/empty", {}, {0});
      const std::vector<std::int32_t> codes(20, 2);
      out.write<std::int32_t>("/codes", codes, {4, 5});
      out.group("/group");
    });
    write_text(*this / "text.h5", "not HDF5 at all\n");
  }

  std::vector<std::string> with(const std::string& weights, std::vector<std::string> more = {},
                                const std::string& method = "late") const {
    std::vector<std::string> arguments{"quantize", "--method", method, "--weights", weights};
    arguments.insert(arguments.end(), more.begin(), more.end());
    if (std::find(more.begin(), more.end(), "--out") == more.end())
      arguments.insert(arguments.end(), {"--out", "out.h5"});
    return arguments;
  }
  void refused(const std::vector<std::string>& arguments, int exit_code,
               const std::vector<std::string>& message) const {
    check_refusal(laq(arguments), exit_code, message);
    CHECK_FALSE(std::filesystem::exists(*this / "out.h5"));
  }
};

}  // namespace

TEST_CASE("quantize: numbers that are not finite are named by file, path and place") {
  const Files files;
  files.refused(files.with("in.h5:/nan"), 1, {"in.h5:/nan", "weight 7", "nan", "finite"});
  files.refused(files.with("in.h5:/infinite", {}, "lata"), 1,
                {"in.h5:/infinite", "weight 8", "inf"});
  files.refused(files.with("in.h5:/huge"), 1, {"in.h5:/huge", "weight 9", "1e+300"});
  const auto curved = [&](const std::string& path, const std::string& group) {
    return files.with("in.h5:/w", {"--curvature", "in.h5:" + path, "--group", group});
  };
  files.refused(curved("/nan", "tensor"), 1, {"in.h5:/nan", "curvature 7", "nan"});
  files.refused(curved("/zero", "tensor"), 1, {"in.h5:/zero", "curvature 11", "0", "> 0"});
  files.refused(curved("/negative", "row"), 1, {"in.h5:/negative", "curvature 12", "-1"});
  // Methods that do not use the curvature do not take a wrong one either.
  files.refused(files.with("in.h5:/w", {"--curvature", "in.h5:/zero"}, "bwn"), 1,
                {"in.h5:/zero", "curvature 11"});
}

TEST_CASE("quantize: paths that do not lead to weights are refused") {
  const Files files;
  files.refused(files.with("in.h5:/nope"), 1, {"in.h5:/nope", "no such path", "/w"});
  files.refused(files.with("in.h5:/group"), 1, {"in.h5:/group", "dataset"});
  files.refused(files.with("in.h5:/codes"), 1, {"in.h5:/codes", "int32", "floating point"});
  files.refused(files.with("in.h5:/deep"), 1, {"in.h5:/deep", "5-D", "1-D to 4-D"});
  files.refused(files.with("in.h5:/empty"), 1, {"in.h5:/empty", "no values"});
  files.refused(files.with("none.h5:/w"), 1, {"none.h5", "no such file"});
  files.refused(files.with("text.h5:/w"), 1, {"text.h5", "HDF5"});
  files.refused(files.with("configs:/w"), 1, {"configs", "folder"});
  files.refused(files.with("in.h5"), 2, {"'in.h5'", "FILE.h5:/path"});
  files.refused(files.with("in.h5:w"), 2, {"'in.h5:w'", "FILE.h5:/path"});
}

TEST_CASE("quantize: curvature and codes must be those of the weights") {
  const Files files;
  files.refused(files.with("in.h5:/w", {"--curvature", "in.h5:/long"}), 1,
                {"in.h5:/long", "shape", "[20]", "[4 x 5]"});
  files.refused(files.with("in.h5:/long", {"--previous", "in.h5:/codes"}, "lata"), 1,
                {"in.h5:/codes", "shape", "[4 x 5]", "[20]"});
  files.refused(files.with("in.h5:/w", {"--previous", "in.h5:/codes"}, "lata"), 1,
                {"in.h5:/codes", "code 0", "found 2"});
  files.refused(files.with("in.h5:/w", {"--previous", "in.h5:/w"}, "lata"), 1,
                {"in.h5:/w", "float64", "integers"});
  files.refused(files.with("in.h5:/w", {"--previous", "in.h5:/codes"}, "late"), 2,
                {"'late'", "--previous", "alternating"});
}

TEST_CASE("quantize: wrong methods, groups and overrides are refused") {
  const Files files;
  files.refused(files.with("in.h5:/w", {}, "full"), 2, {"--method", "'full'"});
  files.refused(files.with("in.h5:/w", {}, "lates"), 2, {"'lates'", "did you mean 'late'?"});
  files.refused(files.with("in.h5:/w", {"--group", "rwo"}), 2, {"--group", "'rwo'", "tensor, row"});
  files.refused(files.with("in.h5:/w", {"quantizer.bits=4"}), 2, {"'quantizer.bits'", "ternary"});
  files.refused(files.with("in.h5:/w", {"train.epochs=4"}), 2, {"'train.epochs'", "quantizer."});
}

TEST_CASE("quantize: an output that cannot be written is named") {
  const Files files;
  files.refused(files.with("in.h5:/w", {"--out", "text.h5/o.h5"}), 1,
                {"text.h5/o.h5", "Not a directory"});
  files.refused(files.with("in.h5:/w", {"--out", "none/o.h5"}), 1,
                {"none/o.h5", "No such file or directory"});
  files.refused(files.with("in.h5:/w", {"--out", "/proc/o.h5"}), 1, {"/proc/o.h5"});
  files.refused(files.with("in.h5:/w", {"--out", "configs"}), 1, {"configs", "a folder"});
}

TEST_CASE("quantize: the output does not take the place of the input") {
  const Files files;
  const std::string before = read_file(files / "in.h5");
  files.refused(files.with("in.h5:/w", {"--out", "in.h5"}), 2, {"--out", "in.h5"});
  files.refused(files.with("in.h5:/w", {"--out", "./configs/../in.h5"}), 2, {"--out", "in.h5"});
  CHECK((read_file(files / "in.h5") == before));  // in brackets: bytes are not for the screen
}

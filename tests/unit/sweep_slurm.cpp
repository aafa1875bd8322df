#include <cstdlib>

#include "support/scratch.hpp"
#include "sweep/slurm.hpp"

using namespace laq;
using namespace laq::sweep;
using namespace laq::test;

namespace {

std::string option(const Pairs& options, const std::string& key) {
  for (const auto& [name, value] : options) {
    if (name == key) return value;
  }
  return "none";
}

}  // namespace

TEST_CASE("words are quoted for a shell", "[sweep]") {
  CHECK(shell_quoted({"laq", "a b", "it's", "$HOME", ""}) == R"('laq' 'a b' 'it'\''s' '$HOME' '')");
}

TEST_CASE("options of sbatch: defaults, the sweep's, the caller's", "[sweep]") {
  Plan plan;
  plan.slurm = {{"partition", "long"}, {"mem", "2G"}};
  SlurmRequest request;
  request.options = {{"mem", "8G"}, {"time", "1-00:00:00"}, {"signal", "USR1@30"}};
  const Pairs options = slurm_options(plan, request);
  CHECK(option(options, "partition") == "long");
  CHECK(option(options, "mem") == "8G");
  CHECK(option(options, "time") == "1-00:00:00");
  CHECK(option(options, "signal") == "USR1@30");
  CHECK(option(options, "cpus-per-task") == "1");
  CHECK(option(slurm_options(plan, {}), "signal") == "B:USR1@120");

  const auto refusal = [&](const std::string& key, const std::string& value) {
    SlurmRequest wrong;
    wrong.options = {{key, value}};
    return usage_message([&] { slurm_options(plan, wrong); });
  };
  for (const char* own : {"array", "output", "requeue", "wrap"})
    CHECK_THAT(refusal(own, "1"), Contains("set by the sweep itself"));
  for (const char* wrong : {"", "--mem", "Mem", "mem per cpu"})
    CHECK_THAT(refusal(wrong, "1"), Contains("not an option of sbatch"));
  CHECK_THAT(refusal("mem", "1\n#SBATCH --uid=0"), Contains("not an option of sbatch"));
}

TEST_CASE("the batch script", "[sweep]") {
  const std::string script =
      slurm_script("laq-bits", "/runs/sweep-bits/slurm/0001", 12, 4,
                   {{"partition", "long"}, {"comment", "a b"}}, {"/opt/laq", "sweep-task", "/a b"});
  CHECK_THAT(script, StartsWith("#!/bin/sh\n#SBATCH --job-name=laq-bits\n"));
  for (const char* line :
       {"#SBATCH --array=0-11%4\n", "#SBATCH --output=/runs/sweep-bits/slurm/0001-%a.log\n",
        "#SBATCH --requeue\n", "#SBATCH --partition=long\n", "#SBATCH --comment=\"a b\"\n",
        "exec '/opt/laq' 'sweep-task' '/a b'\n"})
    CHECK_THAT(script, Contains(line));
  CHECK_THAT(slurm_script("laq-bits", "/x", 1, 0, {}, {"laq"}), Contains("#SBATCH --array=0-0\n"));
}

TEST_CASE("what Slurm would read otherwise is escaped in the batch script, or refused", "[sweep]") {
  const auto script = [](const std::string& stem, const std::string& comment = "") {
    return slurm_script("laq", stem, 1, 0, {{"comment", comment}}, {"laq"});
  };
  CHECK_THAT(script("/a%5a/100%"), Contains("#SBATCH --output=/a%%5a/100%%-%a.log\n"));
  CHECK_THAT(script("/a\"b c"), Contains("#SBATCH --output=\"/a\\\"b c-%a.log\"\n"));
  CHECK_THAT(script("/it's #1"), Contains("#SBATCH --output=\"/it's #1-%a.log\"\n"));
  CHECK_THAT(script("/x", "a\\b\"c%d"), Contains("#SBATCH --comment=\"a\\\\b\\\"c%d\"\n"));
  for (const char* stem : {"/a\nb/1", "/a\rb/1", "/a\\b/1"}) {
    CHECK_THAT(usage_message([&] { script(stem); }),
               Contains("Slurm cannot write its output") && Contains("without backslashes"));
  }
}

TEST_CASE("a task knows its run", "[sweep]") {
  SlurmArray array;
  array.runs.resize(3);
  ::setenv("SLURM_ARRAY_TASK_ID", "2", 1);
  CHECK(slurm_task(array) == 2);
  for (const char* wrong : {"3", "-1", "two", ""}) {
    ::setenv("SLURM_ARRAY_TASK_ID", wrong, 1);
    CHECK_THAT(usage_message([&] { slurm_task(array); }),
               Contains("SLURM_ARRAY_TASK_ID") && Contains("0 to 2"));
  }
  ::unsetenv("SLURM_ARRAY_TASK_ID");
  CHECK_THAT(usage_message([&] { slurm_task(array); }), Contains("SLURM_ARRAY_TASK_ID"));
  ::setenv("SLURM_CPUS_PER_TASK", "6", 1);
  CHECK(slurm_cores() == 6);
  ::unsetenv("SLURM_CPUS_PER_TASK");
  CHECK(slurm_cores() == 1);
}

TEST_CASE("an array's tasks that cannot be read are named", "[sweep]") {
  const Scratch folder;
  CHECK_THAT(message_of([&] { read_slurm_array(folder / "none.json"); }), Contains("none.json"));
  CHECK_THAT(message_of([&] { read_slurm_array(folder.write("a.json", "{\"job_id\": 1}")); }),
             Contains("a.json") && Contains("submit the sweep again"));
}

#pragma once

#include <sys/types.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

/// The program as a user calls it.
namespace laq::integration {

/// How one call is made.
struct Call {
  std::vector<std::string> arguments;
  std::filesystem::path folder = {};  ///< to work in; empty: this process's
  /// On top of this process's environment without the variables that the program reads.
  std::map<std::string, std::string> environment = {};
  std::string output_file = {};  ///< where standard output goes, for example /dev/full; empty: here
  std::string program = {};      ///< another one than laq
};

/// How it ended.
struct Outcome {
  int exit_code = -1;  ///< -1 when a signal ended it
  int signal = 0;
  std::string out, err;
  double seconds = 0;
  std::string command;  ///< for messages
};

/// A call under way. What is left of it when this object goes is killed.
class Program {
 public:
  explicit Program(const Call& call);
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  pid_t pid() const { return child_; }
  /// What it has written so far.
  std::string out() const;
  std::string err() const;
  bool running();
  /// Whether `text` was on standard output `times` times before the program ended. Error: neither
  /// within the time limit.
  bool wait_for_output(const std::string& text, int times = 1);
  /// The same for a file.
  bool wait_for_file(const std::filesystem::path& file);
  void send(int signal_number) const;
  /// Waits for its end. Error: not within the time limit; it is then killed.
  Outcome finish();

 private:
  template <typename Condition>
  bool wait_for(const std::string& what, Condition condition);

  std::string command_;
  bool out_here_;
  int out_ = -1, err_ = -1;  // files in memory
  pid_t child_ = -1;
  int wait_status_ = 0;
  bool ended_ = false;
  double started_ = 0, seconds_ = 0;
};

/// A whole call.
Outcome run(const Call& call);

/// How often `part` is in `text`.
int count(const std::string& text, const std::string& part);
bool holds(const std::string& text, const std::string& part);

/// Processes, other than this one, with `text` on their command line.
std::vector<pid_t> processes_with(const std::string& text);

/// Waits so many seconds.
void pause(double seconds);

}  // namespace laq::integration

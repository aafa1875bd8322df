# Keeps a header with the version and the git commit of the sources, and one with a hash of every
# method's source. Included, it defines the target laq_version, which runs this file as a script at
# every build; a header is only touched when its content changes, so that no more is compiled than
# must be. Without git, or outside a repository of our own, the commit is "unknown: " and why; that
# git cannot read our own is told at every build.

if(NOT CMAKE_SCRIPT_MODE_FILE)
  find_package(Git QUIET)
  set(LAQ_VERSION_INCLUDE ${PROJECT_BINARY_DIR}/generated)
  add_custom_target(
    laq_version
    COMMAND
      ${CMAKE_COMMAND} -D SOURCE_DIR=${PROJECT_SOURCE_DIR} -D VERSION=${PROJECT_VERSION}
      -D "GIT=${GIT_EXECUTABLE}" -D OUTPUT=${LAQ_VERSION_INCLUDE}
      -P ${CMAKE_CURRENT_LIST_FILE}
    BYPRODUCTS ${LAQ_VERSION_INCLUDE}/version.hpp ${LAQ_VERSION_INCLUDE}/method_sources.hpp
    COMMENT ""
    VERBATIM)
  return()
endif()

set(ENV{LC_ALL} C)

# Whoever owns the sources: to build them is to trust them.
function(ask_git result)
  execute_process(
    COMMAND ${GIT} --no-optional-locks -c safe.directory=* -C ${SOURCE_DIR} ${ARGN}
    RESULT_VARIABLE status
    OUTPUT_VARIABLE answer
    ERROR_VARIABLE error
    OUTPUT_STRIP_TRAILING_WHITESPACE)
  if(NOT status EQUAL 0)
    string(REGEX REPLACE "\n.*" "" error "${error}")
    set(git_error "${error}" PARENT_SCOPE)
    set(answer "")
  endif()
  set(${result} "${answer}" PARENT_SCOPE)
endfunction()

function(write_if_changed file content)
  set(before "")
  if(EXISTS "${file}")
    file(READ "${file}" before)
  endif()
  if(NOT before STREQUAL content)
    file(WRITE "${file}" "${content}")
  endif()
endfunction()

set(commit "")
set(git_error "")
set(dirty false)
if(GIT)
  # A copy of the sources inside someone else's repository does not have that one's commit.
  ask_git(top rev-parse --show-toplevel)
  file(REAL_PATH "${SOURCE_DIR}" source)
  if(top)
    file(REAL_PATH "${top}" top)
  endif()
  if(top STREQUAL source)
    ask_git(commit rev-parse --verify HEAD)
  endif()
  if(commit)
    # Results do not change the program.
    ask_git(changes status --porcelain -- . ":(exclude)results")
    if(changes)
      set(dirty true)
    endif()
  endif()
else()
  set(git_error "git was not found")
endif()

if(NOT commit AND NOT EXISTS "${SOURCE_DIR}/.git")
  set(commit "unknown: built outside a repository of its own")
elseif(NOT commit)
  set(advice "")
  if(git_error MATCHES "dubious ownership|unsafe repository")
    set(advice "; do: git config --global --add safe.directory ${SOURCE_DIR}")
  endif()
  message(NOTICE "laq: the commit will be missing from records: ${git_error}${advice}")
  string(REPLACE "${SOURCE_DIR}" "." reason "${git_error}")
  string(REGEX REPLACE "[\"\\]" "" reason "${reason}")
  set(commit "unknown: ${reason}")
endif()

set(content
    "#pragma once

namespace laq {

inline constexpr char kVersion[] = \"${VERSION}\";
inline constexpr char kGitCommit[] = \"${commit}\";
inline constexpr bool kGitDirty = ${dirty};

}  // namespace laq
")
write_if_changed(${OUTPUT}/version.hpp "${content}")

# A method is its own file in methods/, with a header where it has one, and what all methods share.
file(GLOB shared_sources ${SOURCE_DIR}/src/quant/*.cpp ${SOURCE_DIR}/src/quant/*.hpp)
file(GLOB methods ${SOURCE_DIR}/src/quant/methods/*.cpp)
set(shared "")
foreach(source ${shared_sources})
  file(SHA256 ${source} hash)
  string(APPEND shared ${hash})
endforeach()
set(content "#pragma once

#include <utility>

namespace laq::quant {

/// (source file of a method, hash of it and of what all methods share).
inline constexpr std::pair<const char*, const char*> kMethodSources[] = {
")
foreach(source ${methods})
  file(SHA256 ${source} own)
  string(REGEX REPLACE "cpp$" "hpp" header ${source})
  if(EXISTS ${header})
    file(SHA256 ${header} hash)
    string(APPEND own ${hash})
  endif()
  string(SHA256 hash "${shared}${own}")
  get_filename_component(name ${source} NAME)
  string(SUBSTRING ${hash} 0 16 hash)
  string(APPEND content "    {\"${name}\", \"${hash}\"},\n")
endforeach()
write_if_changed(${OUTPUT}/method_sources.hpp "${content}};

}  // namespace laq::quant
")

/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The scenarios of SCENARIOS.md in C. */

#include "harness.h"

static const Scenario scenarios[] = {
  { 1, "chunks", scenario_chunks },
  { 2, "kept chunks", scenario_kept_chunks },
  { 3, "line", scenario_line },
  { 4, "lines", scenario_lines },
  { 5, "line options", scenario_line_options },
  { 6, "gap", scenario_gap },
  { 7, "replay last chunks", scenario_replay_last_chunks },
  { 8, "replay last bytes", scenario_replay_last_bytes },
  { 9, "replay all", scenario_replay_all },
  { 10, "seal", scenario_seal },
  { 11, "create and start", scenario_create_and_start },
  { 12, "handler after spawn", scenario_handler_after_spawn },
  { 13, "handler after async spawn", scenario_handler_after_async_spawn },
  { 14, "reader next", scenario_reader_next },
  { 15, "reader lines", scenario_reader_lines },
  { 16, "reader cancel", scenario_reader_cancel },
  { 17, "collector bytes", scenario_collector_bytes },
  { 18, "collector lines", scenario_collector_lines },
  { 19, "several subscribers", scenario_several_subscribers },
  { 20, "custom consumer", scenario_custom_consumer },
  { 21, "custom consumer done", scenario_custom_consumer_done },
  { 22, "custom consumer goes on", scenario_custom_consumer_goes_on },
  { 23, "custom consumer refused", scenario_custom_consumer_refused },
  { 24, "wait async", scenario_wait_async },
  { 25, "wait without loop", scenario_wait_without_loop },
  { 26, "wait timeout", scenario_wait_timeout },
  { 27, "wait cancel", scenario_wait_cancel },
  { 28, "exited before completed", scenario_exited_before_completed },
  { 29, "result", scenario_result },
  { 30, "signal the group", scenario_signal_the_group },
  { 31, "kill", scenario_kill },
  { 32, "spawn errors", scenario_spawn_errors },
  { 33, "unset policy", scenario_unset_policy },
  { 34, "wrong state", scenario_wrong_state },
  { 35, "stdin round trip", scenario_stdin_round_trip },
  { 36, "stdin broken pipe", scenario_stdin_broken_pipe },
  { 37, "merged stderr", scenario_merged_stderr },
  { 38, "discard and inherit", scenario_discard_and_inherit },
  { 39, "output from fd", scenario_output_from_fd },
  { 40, "output from stream", scenario_output_from_stream },
  { 41, "line parser", scenario_line_parser },
  { 42, "environment and cwd", scenario_environment_and_cwd },
  { 43, "properties", scenario_properties },
  { 44, "dropped in a handler", scenario_dropped_in_a_handler },
  { 45, "read error", scenario_read_error },
  { 46, "replay last lines and milliseconds", scenario_replay_last_lines_and_ms },
  { 47, "live only and sealed child", scenario_live_only_and_sealed_child },
  { 48, "single", scenario_single },
  { 49, "pause, lag and stall", scenario_pause_lag_and_stall },
  { 50, "chunk info", scenario_chunk_info },
  { 51, "merged view", scenario_merged_view },
  { 65, "asynchronous consumer", scenario_asynchronous_consumer },
  { 66, "log model", scenario_log_model },
  { 67, "log model search and save", scenario_log_model_search_and_save },
  { 73, "process settings", scenario_process_settings },
  { 81, "joined lines", scenario_joined_lines },
};

int
main (int    argc,
      char **argv)
{
  return harness_run (scenarios, G_N_ELEMENTS (scenarios), argc > 1 ? argv[1] : NULL);
}

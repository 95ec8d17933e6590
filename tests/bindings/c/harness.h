/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <procstream/procstream.h>

#define TIMEOUT_MS 60000

#define PRINT_MANY "seq 1 100000"

typedef struct
{
  int         number;
  const char *name;
  void (*run) (void);
} Scenario;

int harness_run (const Scenario *scenarios,
                 gsize           n_scenarios,
                 const char     *only);

/* What the shell prints for PRINT_MANY; owned by the harness. */
const char *harness_many (void);

/* Launchers; the last two read small chunks, and lossy subscribers of the last lose nearly everything when nobody reads. */
ProcstreamLauncher *harness_reliable (void);
ProcstreamLauncher *harness_small_chunks (void);
ProcstreamLauncher *harness_lossy (void);

/* Both take the launcher, for brevity, and run @script with the shell. */
ProcstreamChild *harness_create (ProcstreamLauncher *launcher,
                                 const char         *script);
ProcstreamChild *harness_spawn (ProcstreamLauncher *launcher,
                                const char         *script);

/* Runs a main loop until everything of a child has been emitted. */
void harness_complete (ProcstreamChild *child);

/* Makes and drops many errors and strings, so that memory that nobody holds becomes something else. */
void harness_churn (void);

/* A GAsyncReadyCallback that keeps the result, and a loop until it is there. */
void          harness_store_cb (GObject      *source,
                                GAsyncResult *result,
                                gpointer      user_data);
GAsyncResult *harness_await (GAsyncResult **result);

/* Keeps chunks, lines, gaps and ends, in the order in which they come. */
typedef struct
{
  GPtrArray *chunks; /* of GBytes */
  GPtrArray *lines;  /* of strings */
  guint64    chunks_lost;
  guint64    bytes_lost;
  guint      gaps;
  guint      ends;
  GError    *error; /* of the end */
} Record;

Record *record_new (void);
void    record_free (Record *self);
void    record_chunk (Record *self,
                      GBytes *bytes);
void    record_lines (Record            *self,
                      const char *const *lines);
void    record_gap (Record *self,
                    guint64 chunks,
                    guint64 bytes);
void    record_end (Record       *self,
                    const GError *error);
void    record_connect_chunk (Record           *self,
                              ProcstreamOutput *output);
void    record_connect_line (Record           *self,
                             ProcstreamOutput *output);
/* All chunks in one, ended by a NUL that is not counted. */
GByteArray *record_join (Record *self);
void        record_assert_text (Record     *self,
                                const char *text);
void        record_assert_lines (Record     *self,
                                 const char *joined); /* with “|” */

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Record, record_free)

ProcstreamCollector *harness_collect (ProcstreamOutput *output);
void                 harness_assert_collected (ProcstreamCollector *collector,
                                               const char          *text);
void                 harness_wait (ProcstreamConsumer *consumer);

void scenario_chunks (void);
void scenario_kept_chunks (void);
void scenario_line (void);
void scenario_lines (void);
void scenario_joined_lines (void);
void scenario_line_options (void);
void scenario_gap (void);
void scenario_replay_last_chunks (void);
void scenario_replay_last_bytes (void);
void scenario_replay_all (void);
void scenario_seal (void);
void scenario_create_and_start (void);
void scenario_handler_after_spawn (void);
void scenario_handler_after_async_spawn (void);
void scenario_output_from_fd (void);
void scenario_output_from_stream (void);
void scenario_line_parser (void);

void scenario_reader_next (void);
void scenario_reader_lines (void);
void scenario_reader_cancel (void);
void scenario_collector_bytes (void);
void scenario_collector_lines (void);
void scenario_several_subscribers (void);
void scenario_custom_consumer (void);
void scenario_custom_consumer_done (void);
void scenario_custom_consumer_goes_on (void);
void scenario_custom_consumer_refused (void);
void scenario_read_error (void);

void scenario_replay_last_lines_and_ms (void);
void scenario_live_only_and_sealed_child (void);
void scenario_single (void);
void scenario_pause_lag_and_stall (void);
void scenario_reader_until_and_exactly (void);
void scenario_line_separators (void);
void scenario_line_received (void);
void scenario_encoding_and_escapes (void);

void scenario_chunk_info (void);
void scenario_merged_view (void);

void scenario_writer_to_a_file (void);
void scenario_writer_to_a_stream (void);
void scenario_output_to_a_file (void);
void scenario_collector_ends_and_spill (void);
void scenario_collector_raw_lines (void);
void scenario_exact_order (void);

void scenario_wait_async (void);
void scenario_wait_without_loop (void);
void scenario_wait_timeout (void);
void scenario_wait_cancel (void);
void scenario_exited_before_completed (void);
void scenario_result (void);
void scenario_signal_the_group (void);
void scenario_kill (void);
void scenario_spawn_errors (void);
void scenario_unset_policy (void);
void scenario_wrong_state (void);
void scenario_stdin_round_trip (void);
void scenario_stdin_broken_pipe (void);
void scenario_merged_stderr (void);
void scenario_discard_and_inherit (void);
void scenario_environment_and_cwd (void);
void scenario_properties (void);
void scenario_dropped_in_a_handler (void);

void scenario_idle (void);
void scenario_tree (void);
void scenario_tree_kept (void);
void scenario_pseudo_terminal (void);
void scenario_process_settings (void);
void scenario_other_settings (void);
void scenario_expect (void);
void scenario_expect_async (void);
void scenario_expect_next (void);
void scenario_line_waiter (void);
void scenario_line_waiter_elsewhere (void);

void scenario_asynchronous_consumer (void);
void scenario_log_model (void);
void scenario_log_model_search_and_save (void);
void scenario_log_model_after_an_abort (void);

void scenario_stdin_sources (void);
void scenario_pipeline (void);

void scenario_terminate (void);
void scenario_lifetime (void);
void scenario_deinit (void);
void scenario_writer_at_exit (void);
void scenario_death_in_a_run (void);
void scenario_causes (void);
void scenario_deinit_hurry (void);
void scenario_complete (void);
void scenario_run (void);
void scenario_scope (void);

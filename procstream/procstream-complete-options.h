/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(PROCSTREAM_INSIDE) && !defined(PROCSTREAM_COMPILATION)
#error "Only <procstream/procstream.h> can be included directly."
#endif

#include <gio/gio.h>

#include <procstream/procstream-version-macros.h>
#include <procstream/procstream-enums.h>
#include <procstream/procstream-shutdown.h>

G_BEGIN_DECLS

/**
 * PROCSTREAM_DEFAULT_DRAIN_MS:
 *
 * How long the end of an output is waited for after the exit of the process, unless told
 * otherwise, in milliseconds: 2 seconds. What is in a pipe by then is read in less than a
 * hundredth of that.
 *
 * Since: 1.0
 */
#define PROCSTREAM_DEFAULT_DRAIN_MS 2000

#define PROCSTREAM_TYPE_COMPLETE_OPTIONS (procstream_complete_options_get_type ())

PROCSTREAM_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (ProcstreamCompleteOptions, procstream_complete_options, PROCSTREAM, COMPLETE_OPTIONS, GObject)

PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamCompleteOptions *procstream_complete_options_new (void);

PROCSTREAM_AVAILABLE_IN_1_0
gint64 procstream_complete_options_get_timeout_ms (ProcstreamCompleteOptions *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_complete_options_set_timeout_ms (ProcstreamCompleteOptions *self, gint64 timeout_ms);
PROCSTREAM_AVAILABLE_IN_1_0
gint64 procstream_complete_options_get_idle_timeout_ms (ProcstreamCompleteOptions *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_complete_options_set_idle_timeout_ms (ProcstreamCompleteOptions *self, gint64 idle_timeout_ms);
PROCSTREAM_AVAILABLE_IN_1_0
gboolean procstream_complete_options_get_idle_stdout (ProcstreamCompleteOptions *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_complete_options_set_idle_stdout (ProcstreamCompleteOptions *self, gboolean idle_stdout);
PROCSTREAM_AVAILABLE_IN_1_0
gboolean procstream_complete_options_get_idle_stderr (ProcstreamCompleteOptions *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_complete_options_set_idle_stderr (ProcstreamCompleteOptions *self, gboolean idle_stderr);
PROCSTREAM_AVAILABLE_IN_1_0
gint64 procstream_complete_options_get_drain_timeout_ms (ProcstreamCompleteOptions *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_complete_options_set_drain_timeout_ms (ProcstreamCompleteOptions *self, gint64 drain_timeout_ms);
PROCSTREAM_AVAILABLE_IN_1_0
guint64 procstream_complete_options_get_output_limit (ProcstreamCompleteOptions *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_complete_options_set_output_limit (ProcstreamCompleteOptions *self, guint64 output_limit);
PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamEndOn procstream_complete_options_get_end_on (ProcstreamCompleteOptions *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_complete_options_set_end_on (ProcstreamCompleteOptions *self, ProcstreamEndOn end_on);
PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamShutdown *procstream_complete_options_get_shutdown (ProcstreamCompleteOptions *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_complete_options_set_shutdown (ProcstreamCompleteOptions *self, ProcstreamShutdown *shutdown);
PROCSTREAM_AVAILABLE_IN_1_0
gboolean procstream_complete_options_get_capture (ProcstreamCompleteOptions *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_complete_options_set_capture (ProcstreamCompleteOptions *self, gboolean capture);
PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamKeep procstream_complete_options_get_keep (ProcstreamCompleteOptions *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_complete_options_set_keep (ProcstreamCompleteOptions *self, ProcstreamKeep keep);
PROCSTREAM_AVAILABLE_IN_1_0
guint64 procstream_complete_options_get_max_bytes (ProcstreamCompleteOptions *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_complete_options_set_max_bytes (ProcstreamCompleteOptions *self, guint64 max_bytes);
PROCSTREAM_AVAILABLE_IN_1_0
gboolean procstream_complete_options_get_allow_truncated (ProcstreamCompleteOptions *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_complete_options_set_allow_truncated (ProcstreamCompleteOptions *self, gboolean allow_truncated);
PROCSTREAM_AVAILABLE_IN_1_0
gboolean procstream_complete_options_get_close_stdin (ProcstreamCompleteOptions *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_complete_options_set_close_stdin (ProcstreamCompleteOptions *self, gboolean close_stdin);

G_END_DECLS

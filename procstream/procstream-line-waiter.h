/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(PROCSTREAM_INSIDE) && !defined(PROCSTREAM_COMPILATION)
#error "Only <procstream/procstream.h> can be included directly."
#endif

#include <gio/gio.h>

#include <procstream/procstream-version-macros.h>
#include <procstream/procstream-enums.h>
#include <procstream/procstream-consumer.h>
#include <procstream/procstream-match.h>

G_BEGIN_DECLS

/**
 * PROCSTREAM_LINE_WAITER_MAX_STALL_MS:
 *
 * For how long a line waiter with a regular expression may hold up its output, in
 * milliseconds, unless it or the output was told otherwise: a second, which no sane
 * expression takes for what fits into the live window.
 *
 * Since: 1.0
 */
#define PROCSTREAM_LINE_WAITER_MAX_STALL_MS 1000

/**
 * ProcstreamMatchFunc:
 * @line: a line
 * @user_data: what was given with the function
 *
 * Looks whether a line is the one that is waited for.
 *
 * Returns: %TRUE when it is
 *
 * Since: 1.0
 */
typedef gboolean (*ProcstreamMatchFunc) (ProcstreamLine *line,
                                         gpointer        user_data);

#define PROCSTREAM_TYPE_LINE_WAITER (procstream_line_waiter_get_type ())

PROCSTREAM_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (ProcstreamLineWaiter, procstream_line_waiter, PROCSTREAM, LINE_WAITER, ProcstreamConsumer)

PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamLineWaiter *procstream_line_waiter_new (void);

PROCSTREAM_AVAILABLE_IN_1_0
gint64 procstream_line_waiter_get_timeout_ms (ProcstreamLineWaiter *self);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_line_waiter_set_timeout_ms (ProcstreamLineWaiter *self, gint64 timeout_ms);
PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamMatch *procstream_line_waiter_get_match (ProcstreamLineWaiter *self);
PROCSTREAM_AVAILABLE_IN_1_0
guint64 procstream_line_waiter_get_lines_searched (ProcstreamLineWaiter *self);
PROCSTREAM_AVAILABLE_IN_1_0
guint64 procstream_line_waiter_get_lines_skipped (ProcstreamLineWaiter *self);

PROCSTREAM_AVAILABLE_IN_1_0
gboolean procstream_line_waiter_add_pattern (ProcstreamLineWaiter *self, const char *pattern, ProcstreamMatchFlags flags, GError **error);
PROCSTREAM_AVAILABLE_IN_1_0
gboolean procstream_line_waiter_add_regex (ProcstreamLineWaiter *self, GRegex *regex, ProcstreamMatchFlags flags, GError **error);
PROCSTREAM_AVAILABLE_IN_1_0
gboolean procstream_line_waiter_add_function (ProcstreamLineWaiter *self,
                                              ProcstreamMatchFlags  flags,
                                              ProcstreamMatchFunc   func,
                                              gpointer              user_data,
                                              GDestroyNotify        destroy,
                                              GError              **error);

PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamMatch *procstream_line_waiter_wait_match (ProcstreamLineWaiter *self, gint64 timeout_ms, GCancellable *cancellable, GError **error);
PROCSTREAM_AVAILABLE_IN_1_0
void procstream_line_waiter_wait_match_async (ProcstreamLineWaiter *self, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
PROCSTREAM_AVAILABLE_IN_1_0
ProcstreamMatch *procstream_line_waiter_wait_match_finish (ProcstreamLineWaiter *self, GAsyncResult *result, GError **error);

G_END_DECLS

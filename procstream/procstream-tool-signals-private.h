/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <procstream/procstream.h>

G_BEGIN_DECLS

/* The signals that are sent to the tool and meant for the command. */
typedef struct _ToolSignals ToolSignals;

/* @received is called in the main thread with the number of a signal that asks to end, or that the command may know. With @stops, Ctrl-Z
 * is among them: the tool then stops itself with tool_signals_stop(). With @resizes, so is the one that tells of another size of the terminal. */
ToolSignals *tool_signals_new (gboolean stops,
                               gboolean resizes,
                               void (*received) (gpointer user_data, int signum),
                               gpointer user_data);
void         tool_signals_free (ToolSignals *self);

/* Stops the tool; returns when it was continued. */
void tool_signals_stop (ToolSignals *self);

G_END_DECLS

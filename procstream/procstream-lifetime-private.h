/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "procstream-child-core-private.h"

G_BEGIN_DECLS

/* The children that the exit of the program ends. Both take no reference from the caller, and may be called from any thread, the second
 * one also for a child that is not there. */
void procstream_lifetime_add (ProcstreamChildCore *core);
void procstream_lifetime_remove (ProcstreamChildCore *core);

G_END_DECLS

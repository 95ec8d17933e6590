/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

/* No handler of any signal of @object that is connected by now is called any more, not even by an emission that is under way. Where
 * these are emitted, so that none is disconnected meanwhile. */
void procstream_mute_block_handlers (GObject *object);

G_END_DECLS

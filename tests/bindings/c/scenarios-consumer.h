/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "harness.h"

/* A consumer that counts chunks, and with "once" is done after the first. */
#define TYPE_COUNTER (counter_get_type ())
G_DECLARE_DERIVABLE_TYPE (Counter, counter, TEST, COUNTER, ProcstreamConsumer)

struct _CounterClass
{
  ProcstreamConsumerClass parent_class;
};

Counter *counter_new (ProcstreamDelivery delivery);
guint    counter_get_chunks (Counter *self);

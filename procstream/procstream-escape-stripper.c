/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-escape-stripper-private.h"

#include <string.h>

/*
 * Nothing of a sequence is kept, so it takes no memory, however long it is. But it could take away all that follows: so what no
 * program writes inside of one ends it. That is a line break or NUL anywhere, which stays text; any control character and what is not ASCII
 * in one that is not a string; and more than PROCSTREAM_ESCAPE_MAX_LENGTH bytes. CAN and SUB end a sequence as terminals have it,
 * and go with it.
 */
enum
{
  TEXT,
  ESCAPE,        /* ESC */
  INTERMEDIATE,  /* ESC and bytes that another one follows */
  CONTROL,       /* CSI: up to a letter */
  STRING,        /* OSC, DCS, SOS, PM, APC: up to ST, and OSC also up to BEL */
  STRING_ESCAPE, /* in one of them, ESC: with \ it is ST */
};

#define ESC 0x1b
#define BEL 0x07
#define CAN 0x18
#define SUB 0x1a

void
procstream_escape_stripper_init (ProcstreamEscapeStripper *self,
                                 gboolean                  c1)
{
  *self = (ProcstreamEscapeStripper){ .state = TEXT, .c1 = c1 };
}

void
procstream_escape_stripper_reset (ProcstreamEscapeStripper *self)
{
  procstream_escape_stripper_init (self, self->c1);
}

static gboolean
is_within (guint8 byte,
           guint8 first,
           guint8 last)
{
  return byte >= first && byte <= last;
}

static void
begin (ProcstreamEscapeStripper *self,
       guint                     state)
{
  self->state = state;
  self->length = 0;
}

/* After ESC, or 0x40 less after a C1 control: whether it is text. */
static gboolean
push_introducer (ProcstreamEscapeStripper *self,
                 guint8                    byte)
{
  self->bell_ends = byte == ']';
  if (byte == '[')
    begin (self, CONTROL);
  else if (byte != '\0' && strchr ("]PX^_", byte))
    begin (self, STRING);
  else if (is_within (byte, 0x20, 0x2f))
    self->state = INTERMEDIATE;
  else if (byte != ESC)
    self->state = TEXT;
  return self->state == TEXT && !is_within (byte, 0x30, 0x7e) && byte != CAN && byte != SUB;
}

/* In a sequence that ends with a byte from @first on: whether it is text. */
static gboolean
push_parameter (ProcstreamEscapeStripper *self,
                guint8                    byte,
                guint8                    first)
{
  if (is_within (byte, 0x20, first - 1))
    return FALSE;
  self->state = byte == ESC ? ESCAPE : TEXT;
  return byte != ESC && byte != CAN && byte != SUB && !is_within (byte, first, 0x7e);
}

static gboolean
push_string (ProcstreamEscapeStripper *self,
             guint8                    byte)
{
  const gboolean is_break = byte == '\0' || is_within (byte, '\n', '\r');

  if (byte == ESC)
    self->state = STRING_ESCAPE;
  else if (is_break || byte == CAN || byte == SUB || (byte == BEL && self->bell_ends))
    self->state = TEXT;
  return is_break;
}

/* Whether it is text. */
static gboolean
push_byte (ProcstreamEscapeStripper *self,
           guint8                    byte)
{
  if (self->state != TEXT && ++self->length > PROCSTREAM_ESCAPE_MAX_LENGTH)
    self->state = TEXT;
  switch (self->state)
    {
    case ESCAPE:
      return push_introducer (self, byte);
    case INTERMEDIATE:
      return push_parameter (self, byte, 0x30);
    case CONTROL:
      return push_parameter (self, byte, 0x40);
    case STRING:
      return push_string (self, byte);
    case STRING_ESCAPE:
      return push_introducer (self, byte);
    default:
      if (byte != ESC)
        return TRUE;
      begin (self, ESCAPE);
      return FALSE;
    }
}

/* A control of 8 bits is as good as ESC and a byte. */
static void
push_c1 (ProcstreamEscapeStripper *self,
         guint8                    byte)
{
  push_byte (self, ESC);
  push_byte (self, byte - 0x40);
}

gboolean
procstream_escape_stripper_passes (const ProcstreamEscapeStripper *self,
                                   const guint8                   *data,
                                   gsize                           size)
{
  if (size == 0)
    return TRUE;
  return self->state == TEXT && memchr (data, ESC, size) == NULL && (!self->c1 || memchr (data, 0xc2, size) == NULL);
}

void
procstream_escape_stripper_push (ProcstreamEscapeStripper *self,
                                 const guint8             *data,
                                 gsize                     size,
                                 GByteArray               *out)
{
  for (gsize i = 0; i < size; i++)
    {
      if (self->c1 && data[i] == 0xc2 && i + 1 < size && is_within (data[i + 1], 0x80, 0x9f))
        push_c1 (self, data[++i]);
      else if (push_byte (self, data[i]))
        g_byte_array_append (out, data + i, 1);
    }
}

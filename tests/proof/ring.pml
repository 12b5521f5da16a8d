/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The write ring (schema/ring.c) with its producer, its consumer (schema/writer.c), a crash at any moment and the recovery
 * (schema/recovery.c), as a model for spin: tests/proof/races.py looks at all of its states. As there are: what is stored in
 * which order, when a frame fits, pads, who tells whom by which atomic how far he is, what recovery compares and where it
 * begins anew. Simpler is this: a word is a cell, a head is two of them (what it says; its checksum), a record is one, and a
 * checksum never fits something else.
 *
 *   by default  kill -9: all that was stored stays
 *   POWER       the machine loses power: each cell, and the header, has what it had last or anything that it had before
 *   NORMAL      with POWER: the database, too (`sync normal`); otherwise what was committed stays
 *   BACKUP      the database is replaced by a copy of it, made at any moment
 *
 * What must hold are the asserts: nothing is executed twice, torn, out of its order or without what was before it; nothing
 * is written over that the database has not; in the end it has all that was accepted and that no power loss has taken.
 * BREAK_x takes away what holds that, and each must be found: HEAD (the head moves before the frame is there), ORDER (it
 * moves without release), SUM, EPOCH, POSITION (recovery does not look at it), RELEASE (before the commit), ROOM (a pad is
 * not counted), APART (the position is committed apart from what was executed). That a life begins
 * where the hint is, if it is beyond what was recovered, none of the asserts needs: epochs are enough. What a frame's number adds
 * (schema/writer.c: check_number) is not here. */

#ifndef FRAMES
#define FRAMES 4 /* that are begun, in all lives together; at most 6 */
#endif
#ifndef CRASHES
#define CRASHES 2
#endif
#define CAPACITY    8
#define HEAD        2
#ifndef RECORDS_MAX
#define RECORDS_MAX 2 /* then the largest frame is half of the ring, as frame_limit() */
#endif
#define NONE        0
#define NOBODY      7

/* What is in a cell: the first half of a head, its checksum, a record. */
#define SAYS(position, epoch, length, records) (1 + (position) + 64 * (epoch) + 512 * (length) + 4096 * (records))
#define SUM(says, number)                      (16384 + (says) * 8 + (number))
#define RECORD(number, k)                      (262144 + (number) * 8 + (k))
#define IS_SAYS(word)                          ((word) > 0 && (word) < 16384)
#define IS_SUM(word)                           ((word) >= 16384 && (word) < 262144)
#define IS_RECORD(word)                        ((word) >= 262144)
#define POSITION(says)                         (((says) - 1) % 64)
#define EPOCH(says)                            (((says) - 1) / 64 % 8)
#define LENGTH(says)                           (((says) - 1) / 512 % 8)
#define RECORDS(says)                          (((says) - 1) / 4096)

#define PLACE(position) ((position) % CAPACITY)
#define REST(position)  (CAPACITY - PLACE(position))
#define BIT(number)     (1 << (number))

/* The file; of its header: the hint, and the life that used it last. */
int cell[CAPACITY];
byte hint, life_epoch, life_before, life_first;

/* What the consumer sees of it. */
int seen[CAPACITY];
byte seen_head;

/* The database: a bit of `executed` for each frame. What a power loss leaves of the two. */
byte position, database_epoch, executed;
#ifdef POWER
int old_cell[CAPACITY];
byte old_hint;
#endif
#ifdef NORMAL
byte old_position, old_executed;
#endif
#ifdef BACKUP
bool copied;
byte copy_position, copy_epoch, copy_executed;
#endif

/* Of the process. */
bool alive;
byte epoch, head, released, committed;

/* For the asserts alone. Of each frame: its place, its records, its life; of each cell: whose it is; those whose commit has
 * moved the head, and of these the ones that nothing has taken. */
byte number = 1, place_of[8], records_of[8], life_of[8], owner[CAPACITY];
byte moved, accepted;
bool begun;
byte crashes;

/* Only until the next step. */
byte k, tries, found, begin, end, candidate;
int says;
bool whole;

/* ---- the file */

inline store(at, word)
{
    atomic {
        assert(!(accepted & BIT(owner[at])) || (executed & BIT(owner[at])));
#ifdef POWER
        if
        :: old_cell[at] != cell[at] -> old_cell[at] = cell[at]
        :: true
        fi;
#endif
        cell[at] = word;
        owner[at] = NONE
    }
}

inline store_hint(value)
{
    atomic {
#ifdef POWER
        if
        :: old_hint != hint -> old_hint = hint
        :: true
        fi;
#endif
        hint = value
    }
}

#ifdef BREAK_POSITION
#define IS_HERE(says, at) true
#else
#define IS_HERE(says, at) (POSITION(says) == (at))
#endif
#ifdef BREAK_EPOCH
#define IS_OF(says, life) true
#else
#define IS_OF(says, life) (EPOCH(says) == (life))
#endif

/* read_head() */
#define IS_HEAD(says, at, life)                                                                              \
    (IS_SAYS(says) && LENGTH(says) <= REST(at) && (RECORDS(says) > 0 || LENGTH(says) == REST(at)) &&         \
     IS_HERE(says, at) && IS_OF(says, life))

/* Recovery reads the file, the consumer what it sees of it. */
#define WORD(recovering, at) ((recovering) -> cell[PLACE(at)] : seen[PLACE(at)])

/* Does the checksum fit? Whose is it then? */
inline verify(recovering)
{
    k = HEAD;
    candidate = NOBODY;
    whole = false;
    if
    :: IS_SUM(WORD(recovering, begin + 1)) ->
        candidate = (WORD(recovering, begin + 1) - 16384) % 8;
        whole = (WORD(recovering, begin + 1) - 16384) / 8 == says
    :: else
    fi;
    do
    :: k < HEAD + RECORDS(says) ->
        whole = whole && WORD(recovering, begin + k) == RECORD(candidate, k);
        k++
    :: else -> break
    od
}

/* find_frame(): what is at `at`, behind a pad if there is one; found == NONE: nothing. Only recovery looks at checksums. */
inline find(recovering, at, life)
{
    d_step {
        found = NONE;
        begin = at;
        tries = 0;
        do
        :: tries == 2 -> break
        :: tries < 2 && REST(begin) < HEAD -> begin = begin + REST(begin); tries++
        :: tries < 2 && REST(begin) >= HEAD ->
            tries++;
            says = WORD(recovering, begin);
            if
            :: !IS_HEAD(says, begin, life) -> break
            :: else
            fi;
            verify(recovering);
            if
#ifndef BREAK_SUM
            :: recovering && !whole -> break
#endif
            :: RECORDS(says) == 0 && (whole || !recovering) -> begin = begin + LENGTH(says)
            :: else ->
                found = (candidate == NONE -> NOBODY : candidate);
                end = begin + LENGTH(says);
                break
            fi
        od;
        says = 0;
        tries = 0
    }
}

/* Is it one that was written, as it was written, and all before it executed? `done`: with this transaction. */
inline check(recovering, done)
{
    d_step {
        assert(found < number && place_of[found] == begin && HEAD + records_of[found] == end - begin);
        k = HEAD;
        do
        :: k < HEAD + records_of[found] -> assert(WORD(recovering, begin + k) == RECORD(found, k)); k++
        :: else -> break
        od;
        k = 1;
        do
        :: k < found ->
            assert(!(accepted & BIT(k)) || (done & BIT(k)));
            assert(!(moved & BIT(k)) || life_of[k] != life_of[found] || (done & BIT(k)));
            k++
        :: else -> break
        od;
        assert(done >> found == 0); /* neither this one nor a younger one */
        done = done | BIT(found);
        whole = false; candidate = 0; k = 0; found = NONE; begin = 0
    }
}

/* The end of a transaction; `last`: what it has executed. */
inline commit(upto, last)
{
#ifdef BREAK_APART
    executed = last;
    position = upto
#else
    atomic {
#ifdef NORMAL
        if
        :: old_position = position; old_executed = executed
        :: true
        fi;
#endif
        executed = last;
        position = upto
    }
#endif
}

/* ---- the broker's thread: ring_begin, ring_record, ring_commit or ring_abort; ring_release */

#ifdef BREAK_ROOM
#define FITS(skip, length) ((length) <= CAPACITY - (head - released))
#else
#define FITS(skip, length) ((skip) + (length) <= CAPACITY - (head - released))
#endif
#ifdef BREAK_RELEASE
#define COMMITTED seen_head
#else
#define COMMITTED committed
#endif

inline move_head(upto)
{
    d_step {
        head = upto;
#ifndef BREAK_ORDER
        k = 0;
        do /* with release: who sees this sees all that was stored before */
        :: k < CAPACITY -> seen[k] = cell[k]; k++
        :: else -> break
        od;
#endif
        seen_head = head;
        k = 0;
        do
        :: k < HEAD + records_of[number] -> owner[PLACE(place_of[number] + k)] = number; k++
        :: else -> break
        od;
        k = 0;
        moved = moved | BIT(number);
        accepted = accepted | BIT(number);
        number++;
        begun = false
    }
}

inline write_head(at, length, records, whose)
{
    if /* memcpy has no order, and to a disk nothing has */
#ifndef POWER
    :: store(PLACE(at), SAYS(at, epoch, length, records));
       store(PLACE(at) + 1, SUM(SAYS(at, epoch, length, records), whose))
#endif
    :: store(PLACE(at) + 1, SUM(SAYS(at, epoch, length, records), whose));
       store(PLACE(at), SAYS(at, epoch, length, records))
    fi
}

proctype producer()
{
    byte skip_, records, r, at, mine;
    {
        do
        :: number > FRAMES -> break
        :: number <= FRAMES ->
            select(records : 1 .. RECORDS_MAX);
            skip_ = (HEAD + records > REST(head) -> REST(head) : 0);
            do
            :: FITS(skip_, HEAD + records) -> break
            :: !FITS(skip_, HEAD + records) && released != COMMITTED -> released = COMMITTED
            od;
            atomic {
                at = head + skip_;
                mine = number;
                place_of[number] = at;
                records_of[number] = records;
                life_of[number] = epoch;
                begun = true;
                r = 0
            }
            do
            :: r < records -> store(PLACE(at) + HEAD + r, RECORD(mine, HEAD + r)); r++
            :: else -> break
            od;
            if
            :: goto over /* ring_abort */
            :: true
            fi;
#ifdef BREAK_HEAD
            move_head(at + HEAD + records);
#endif
#ifndef POWER
            if /* a compiler may do that before or after the frame */
            :: store_hint(at + HEAD + records)
            :: true
            fi;
#endif
            if
            :: skip_ >= HEAD -> write_head(at - skip_, skip_, 0, NONE)
            :: else
            fi;
            write_head(at, HEAD + records, records, mine);
            store_hint(at + HEAD + records);
#ifndef BREAK_HEAD
            move_head(at + HEAD + records);
#endif
over:
            true;
            atomic { skip_ = 0; records = 0; r = 0; at = 0; mine = 0 }
        :: released != COMMITTED -> released = COMMITTED /* store_poll */
        od
    } unless { !alive }
}

/* ---- the writer's thread */

proctype consumer()
{
    byte at, done;
    at = position;
    {
        do
        :: seen_head != at ->
            done = executed;
            do /* a transaction of one frame or more */
            :: seen_head != at ->
                atomic {
                    find(false, at, epoch);
                    assert(found != NONE); /* "the ring holds no frame where one must be" */
                    at = end;
                    check(false, done)
                }
            :: done != executed -> break
            od;
            if
            :: commit(at, done); committed = at
            :: at = position /* the disk is full: rolled back, and tried again */
            fi
        :: number > FRAMES && seen_head == at -> break
        od
    } unless { !alive }
}

/* ---- recovery_run(), save_life(), start_ring(): a crash may be in between */

#define OTHER_LIFE (life_epoch != 0 && life_epoch != database_epoch)
#define GOES_ON    (OTHER_LIFE && life_before == database_epoch && life_first == position)
#define OVERWROTE  (hint > position && hint - position > CAPACITY)
#define OLDER      (OVERWROTE || (OTHER_LIFE && !GOES_ON && hint > position))

#define MAY_CRASH                                                                                            \
    if                                                                                                       \
    :: crashes < CRASHES -> goto crashed                                                                     \
    :: true                                                                                                  \
    fi

inline lose_power()
{
#ifdef POWER
    atomic {
        k = 0;
        do
        :: k < CAPACITY ->
            if
            :: old_cell[k] != cell[k] -> cell[k] = old_cell[k]
            :: true
            fi;
            old_cell[k] = cell[k];
            owner[k] = NONE;
            k++
        :: else -> break
        od;
        k = 0;
        if
        :: old_hint != hint -> hint = old_hint
        :: true
        fi;
        old_hint = hint;
#ifdef NORMAL
        if
        :: old_position != position -> position = old_position; executed = old_executed
        :: true
        fi;
#endif
        accepted = accepted & executed
    }
#else
    skip
#endif
}

inline restore()
{
#ifdef BACKUP
    atomic {
        if
        :: copied -> position = copy_position; database_epoch = copy_epoch; executed = copy_executed; copied = false;
                     accepted = accepted & executed
        :: true
        fi
    }
#else
    skip
#endif
}

inline go_on_disk()
{
    atomic {
#ifdef POWER
        old_hint = hint;
#endif
#ifdef NORMAL
        old_position = position; old_executed = executed;
#endif
        k = 0
    }
}

init
{
    byte at, done, before, whose;
    bool older;
life:
    true;
    atomic { older = OLDER; at = position; whose = (GOES_ON -> life_epoch : database_epoch) }
#ifndef POWER
    if
    :: older -> goto refused /* where no power loss can have been, it is not the database that was there */
    :: else
    fi;
#endif
    do
    :: !older ->
        find(true, at, whose);
        if
        :: found == NONE -> break
        :: else
        fi;
        atomic { done = executed; at = end }
        check(true, done);
        commit(at, done);
        MAY_CRASH
    :: older -> break
    od;
    atomic { found = NONE; begin = 0; end = 0; candidate = 0; whole = false; k = 0 }
    assert((accepted & ~executed) == 0);
#ifdef BACKUP
    assert((moved & ~executed) == 0 || at < hint); /* nothing is missing, or that is said: keep_damaged() */
#endif
    atomic {
        before = database_epoch;
        epoch++;
        database_epoch = epoch;
        position = (at > hint -> at : hint)
    }
    MAY_CRASH;
    go_on_disk();
    MAY_CRASH;
    atomic { life_epoch = epoch; life_before = before; life_first = position } /* and msync */
    go_on_disk();
    MAY_CRASH;
    atomic {
        store_hint(position);
        head = position; released = position; committed = position; seen_head = position;
        k = 0;
        do
        :: k < CAPACITY -> seen[k] = cell[k]; k++
        :: else -> break
        od;
        k = 0; at = 0; done = 0; before = 0; whose = 0; older = false;
        alive = true;
        run producer();
        run consumer()
    }
    do
    :: crashes < CRASHES && _nr_pr > 1 -> alive = false; break
#ifdef BACKUP
    :: !copied && crashes < CRASHES && _nr_pr > 1 ->
        atomic { copied = true; copy_position = position; copy_epoch = database_epoch; copy_executed = executed }
#endif
    :: _nr_pr == 1 -> goto over
    od;
    _nr_pr == 1;
crashed:
    atomic {
        alive = false;
        crashes++;
        if
        :: begun -> number++; begun = false
        :: else
        fi
    }
    lose_power();
    restore();
    goto life;
over:
    assert((accepted & ~executed) == 0);
refused:
    skip
}

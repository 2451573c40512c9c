import type pg from 'pg';
import type { Lessons } from '../../activities/ports.js';
import type { Lesson } from '../../domain/lesson.js';
import { recordOnce } from './ledger.js';

export function postgresLessons(pool: pg.Pool): Lessons {
  return {
    record: (lesson) => record(pool, lesson),
    about: (pattern, service, serviceClass) => about(pool, pattern, service, serviceClass),
  };
}

async function record(pool: pg.Pool, lesson: Lesson): Promise<void> {
  const { actionId, correction, pattern, service, verdict, undone } = lesson;
  const event = { key: `${actionId}/lesson`, kind: 'lesson', service, data: { ...lesson } };
  await recordOnce(pool, event, async (queries) => {
    await queries.query(
      `insert into lessons (action_id, correction, pattern, service, class, verdict, undone)
       values ($1, $2, $3, $4, $5, $6, $7) on conflict (action_id) do nothing`,
      [actionId, correction, pattern, service, lesson.class ?? null, verdict, undone],
    );
  });
}

interface LessonRow {
  action_id: string;
  correction: string;
  pattern: string;
  service: string;
  class: string | null;
  verdict: Lesson['verdict'];
  undone: boolean;
}

/** A service's own lessons outweigh its class's: those of the class count only while it has none of its own. */
async function about(pool: pg.Pool, pattern: string, service: string, serviceClass: string | undefined): Promise<Lesson[]> {
  const { rows } = await pool.query<LessonRow>(
    'select * from lessons where pattern = $1 and (service = $2 or class = $3) order by learned_at',
    [pattern, service, serviceClass ?? null],
  );
  const own = rows.filter((row) => row.service === service);
  return (own.length > 0 ? own : rows).map(lessonOf);
}

const lessonOf = (row: LessonRow): Lesson => ({
  actionId: row.action_id,
  correction: row.correction,
  pattern: row.pattern,
  service: row.service,
  ...(row.class === null ? {} : { class: row.class }),
  verdict: row.verdict,
  undone: row.undone,
});

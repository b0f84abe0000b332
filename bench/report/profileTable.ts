// A profile's shares as a table.
import type { ProfileSummary } from '../profile/published.ts';
import { table } from './format.ts';

/** Smaller ones are left to the JSON. */
const LEAST_SHARE = 0.02;

/** A row for each place that takes a fiftieth of any service's busy time, the largest first. */
export function profileTable({ services }: ProfileSummary): string {
  const shareOf = (service: ProfileSummary['services'][number], place: string) =>
    service.shares.find((each) => each.place === place)?.share ?? 0;
  const largest = (place: string) => Math.max(...services.map((each) => shareOf(each, place)));
  const places = [...new Set(services.flatMap(({ shares }) => shares.map(({ place }) => place)))]
    .filter((place) => largest(place) >= LEAST_SHARE)
    .sort((a, b) => largest(b) - largest(a));
  const rows = places.map((place) => [
    place,
    ...services.map((each) => `${(shareOf(each, place) * 100).toFixed(1)} %`),
  ]);
  return table(['busy time in', ...services.map(({ name }) => name)], rows);
}

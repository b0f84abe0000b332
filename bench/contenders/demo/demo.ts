// The algorithm of the one-process demo that Orderflow grew out of.
import { asContender } from '../shop.ts';

/**
 * It reads the stock and writes it back, so that two users who order at once both write what they alone have taken: it
 * oversells. Its wrong books are told with its figures and do not void them: they are what it is compared for.
 */
export const demo = asContender({
  name: 'demo',
  variant: '',
  poolSizes: [8, 16, 32, 64],
  usualPoolSize: 16,
  program: 'bench/contenders/demo/server.ts',
  hasOrderRows: false,
});

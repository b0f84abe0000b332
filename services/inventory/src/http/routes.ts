// Inventory's routes: the demo's two.
import { Router } from 'express';
import { productIdSchema } from '@orderflow/shared/contracts/ids.ts';
import { handleCommand, type CommandLog } from '@orderflow/shared/eventstore/commandHandler.ts';
import { ConflictError, type EventMetadata } from '@orderflow/shared/eventstore/eventStore.ts';
import { sendDemoList } from '@orderflow/shared/http/demoList.ts';
import { metadataOf } from '@orderflow/shared/http/metadata.ts';
import { RequestRefusal } from '@orderflow/shared/http/problem.ts';
import { parseBody } from '@orderflow/shared/http/server.ts';
import { parseRequest } from '@orderflow/shared/http/validate.ts';
import { productDecider, type AddProduct } from '../domain/decideReservation.ts';
import { productStream, type ProductEvent } from '../domain/product.ts';
import { NAME_TAKEN, type ListedProduct, type ProductQueries } from '../readmodel/products.ts';
import { addProductBody, listProductsQuery } from './schemas.ts';

export interface ProductRoutesDeps {
  readonly log: CommandLog<ProductEvent>;
  readonly products: ProductQueries;
  readonly nextProductId: () => Promise<number>;
  readonly newUuid: () => string;
  /** The time, ISO 8601 with milliseconds. */
  readonly now: () => string;
}

/** The routes. Paths match in any case and with a trailing slash, as in the demo. */
export function createProductRoutes(deps: ProductRoutesDeps): Router {
  const router = Router();

  router.post('/inventory', ...parseBody(), async (request, response) => {
    const { name, count } = parseRequest(addProductBody, request.body);
    const productId = productIdSchema.parse(await deps.nextProductId());
    const uuid = deps.newUuid();
    const at = deps.now();
    const command = { type: 'AddProduct', productId, uuid, name, quantity: count, at } as const;
    await add(deps, command, metadataOf(request));
    response.json({ resp: { uuid, id: productId, name, count, updated_at: at, created_at: at } });
  });

  router.get('/inventory', async (request, response) => {
    const { after } = parseRequest(listProductsQuery, request.query);
    await sendDemoList(response, {
      after,
      read: (from, limit) => deps.products.list(from, limit),
      idOf: ({ productId }) => productId,
      show: demoProduct,
      path: '/inventory',
    });
  });

  return router;
}

/** That the name is free is the read model's unique key: a look before would race. */
async function add(
  deps: ProductRoutesDeps,
  command: AddProduct,
  metadata: EventMetadata,
): Promise<void> {
  const { productId } = command;
  try {
    const outcome = await handleCommand({
      log: deps.log,
      decider: productDecider,
      streamId: productStream(productId),
      command,
      metadata,
    });
    if (outcome.kind === 'rejected') throw new Error(`Product ${productId}: ${outcome.rejection}`);
  } catch (error) {
    const taken =
      error instanceof ConflictError && error.kind === 'unique' && error.subject === NAME_TAKEN;
    if (!taken) throw error;
    const message =
      'A product with same name already exists. Please register prodduct with some different name';
    throw new RequestRefusal('conflict', message, { cause: error });
  }
}

function demoProduct(product: ListedProduct) {
  return {
    id: product.productId,
    uuid: product.uuid,
    name: product.name,
    count: product.availableQuantity,
    created_at: product.createdAt,
    updated_at: product.updatedAt,
    deleted_at: null,
  };
}

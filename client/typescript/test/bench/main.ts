/** The driver of MongoDB alone, which bench/languages.py compares this client with. */
import { serve } from "../testee/serve.js";
import { driverFind, driverInsert } from "./driver.js";

await serve({ driver_insert: driverInsert, driver_find: driverFind });

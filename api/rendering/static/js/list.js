// The list of plots: it works as plain links and forms; this adds remarks, handles on bars, and shorter addresses.

import { addHandles } from "./handles.js";
import { keepRemarks, writeRemarks } from "./remarks.js";
import { shortenAddresses } from "./addresses.js";

addHandles();
shortenAddresses();
writeRemarks();
keepRemarks();

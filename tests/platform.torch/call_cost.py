"""Nanoseconds per small operation from Python; run beside `dotnet exec ActorTrain.Platform.Torch.Tests.dll calls`."""
import time
import torch

torch.set_num_threads(1)
a, b = torch.ones(4, 4), torch.ones(4, 4)
x = torch.ones(4, 4, requires_grad=True)
operations = {
    "add": lambda: a.add(b), "add_scalar": lambda: a.add(1), "mul_": lambda: a.mul_(b), "view": lambda: a.view(16),
    "matmul": lambda: a.matmul(b), "sum": lambda: a.sum(), "add_recorded": lambda: x.add(b), "shape": lambda: a.shape,
    "item": lambda: a[0, 0].item(),
}
for name, run in operations.items():
    best = float("inf")
    for _ in range(7):
        begin = time.perf_counter()
        for _ in range(30_000):
            run()
        best = min(best, (time.perf_counter() - begin) / 30_000 * 1e9)
    print(f"{name} {best:.0f}")

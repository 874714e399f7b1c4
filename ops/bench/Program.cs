using ActorTrain.Bench;
using ActorTrain.Bench.Actors;
using ActorTrain.Bench.Peers;
using ActorTrain.Bench.Rollouts;
using ActorTrain.Bench.Spikes;
using ActorTrain.Models;
using ActorTrain.Models.Runtime;

// Prints what it measures as it goes and ends with one line per figure, `figure NAME VALUE`, for scripts.
//   actortrain-bench [PART...]       without names: all but the last seven
// actortrain-bench worker torchsharp|actortrain|torchsharp-decoder decode|torchsharp-decoder prefill|torchsharp-decoder rollouts
// |actortrain-decoder KERNELS [--precision bf16|fp32] [--depth N] [--layers N] [--context N] [--vocabulary N] [--batch N]
//                                   a side of a comparison: see Peers
(string Name, bool IsUsual, Action<Figures> Run)[] parts =
[
    ("training", true, TrainingBench.Run),
    ("gpt2", true, static figures => LargeModelBench.Run(figures, "gpt2", LargeModelBench.Gpt2 with { ContextLength = 256 }, batch: 4)),
    ("gpt2_1024", true, static figures => LargeModelBench.Run(figures, "gpt2_1024", LargeModelBench.Gpt2, batch: 1)),
    ("gpt2_medium", true, static figures => LargeModelBench.Run(
        figures, "gpt2_medium", LargeModelBench.Gpt2Medium with { ContextLength = 256 }, batch: 4, [Precision.BFloat16],
        andAsShipped: false)),
    ("context4096", true, static figures => LargeModelBench.Run(
        figures, "context4096", Trainee.BenchmarkModel with { ContextLength = 4096 }, batch: 1, [Precision.BFloat16])),
    ("gpt2_memory", true, PeakMemoryBench.Run),
    ("numerics", true, NumericsBench.Run),
    ("decode", true, static figures => DecodeBench.Run(figures, "", Trainee.BenchmarkModel, texts: 8)),
    ("gpt2_decode", true, static figures => DecodeBench.Run(
        figures, "gpt2.", LargeModelBench.Gpt2, texts: 1)),
    ("operations", true, OperationBench.Run),
    ("saving", true, SavingBench.Run),
    ("memory", true, MemoryBench.Run),
    ("lanes", true, LaneBench.Run),
    ("tiny", true, TinyBench.Run),
    ("trainers", true, TrainersBench.Run),
    ("integrity", true, IntegrityBench.Run),
    ("audits", true, AuditBench.Run),
    ("recovery", true, RecoveryBench.Run),
    ("restart", true, RestartBench.Run),
    ("goodput", true, GoodputBench.Run),
    ("actors", true, ActorBench.Run),
    ("data_plane", true, DataPlaneBench.Run),
    ("cluster", true, ClusterBench.Run),
    ("spikes", true, SpikeBench.Run),
    ("rlhf_generation", false, GenerationBench.Run),
    ("rlhf_batching", false, BatchingBench.Run),
    ("rlhf_roles", false, RoleBench.Run),
    ("rlhf_invariance", false, InvarianceBench.Run),
    ("spike-traces", false, static _ => TraceRecording.Run()),
    ("allocators", false, AllocatorBench.Run),
    ("cuda", false, CudaBench.Run),
];

try
{
    if (args is ["worker", "torchsharp", .. var peer])
        return TrainingWorker.TorchSharp(peer);
    if (args is ["worker", "torchsharp-decoder", var mode, .. var decoder])
        return DecodingWorker.TorchSharp(mode, decoder);
    if (args is ["worker", "actortrain-decoder", var kernels, .. var decoding])
        return InvarianceBench.Worker(kernels, decoding);
    if (args is ["worker", "actortrain", .. var own])
        return TrainingWorker.ActorTrain(own);

    NativeRuntime.Ensure();
    if (args.FirstOrDefault(name => parts.All(part => part.Name != name)) is { } unknown)
        throw new UserErrorException(
            $"There is no benchmark \"{unknown}\"; choose from {string.Join(", ", parts.Select(static part => part.Name))}.");
    ComputeThreads.Set(Environment.ProcessorCount);
    Machine.Print();
    var figures = new Figures();
    foreach (var part in parts.Where(part => args.Length > 0 ? args.Contains(part.Name) : part.IsUsual))
        part.Run(figures);
    figures.Print();
    return 0;
}
catch (UserErrorException error)
{
    Console.Error.WriteLine($"actortrain-bench: {error.Message}");
    return 2;
}

using ActorTrain.Bench;
using ActorTrain.Bench.Actors;
using ActorTrain.Bench.Spikes;
using ActorTrain.Models.Kernels;
using static TorchSharp.torch;

// Prints what it measures as it goes and ends with one line per figure, `figure NAME VALUE`, for scripts.
//   actortrain-bench [training] [operations] [saving] [memory] [lanes] [trainers] [integrity] [audits] [recovery] [restart] [goodput] [actors] [spikes] [spike-traces] [cuda]
// Without names: all but the last two.
var chosen = args.Length > 0 ? args : ["training", "operations", "saving", "memory", "lanes", "trainers", "integrity", "audits", "recovery", "restart", "goodput", "actors", "spikes"];
var figures = new Figures();
set_num_threads(Environment.ProcessorCount);
FusedKernels.SetThreads(Environment.ProcessorCount);
Console.WriteLine($"libtorch {__version__}, kernels {FusedKernels.Description}, {Environment.ProcessorCount} threads");

foreach (var name in chosen)
{
    switch (name)
    {
        case "training":
            TrainingBench.Run(figures);
            break;
        case "operations":
            OperationBench.Run(figures);
            break;
        case "saving":
            SavingBench.Run(figures);
            break;
        case "memory":
            MemoryBench.Run(figures);
            break;
        case "lanes":
            LaneBench.Run(figures);
            break;
        case "trainers":
            TrainersBench.Run(figures);
            break;
        case "integrity":
            IntegrityBench.Run(figures);
            break;
        case "audits":
            AuditBench.Run(figures);
            break;
        case "recovery":
            RecoveryBench.Run(figures);
            break;
        case "restart":
            RestartBench.Run(figures);
            break;
        case "goodput":
            GoodputBench.Run(figures);
            break;
        case "actors":
            ActorBench.Run(figures);
            break;
        case "spikes":
            SpikeBench.Run(figures);
            break;
        case "spike-traces":
            TraceRecording.Run();
            break;
        case "cuda":
            CudaBench.Run(figures);
            break;
        default:
            Console.Error.WriteLine($"There is no benchmark `{name}`; choose from training, operations, saving, memory, lanes, trainers, integrity, audits, recovery, restart, goodput, actors, spikes, spike-traces, cuda.");
            return 2;
    }
}

figures.Print();
return 0;

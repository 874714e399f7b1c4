using System.Globalization;
using ActorTrain.Actors.Protocol;
using ActorTrain.Models;

namespace ActorTrain.Host.Control;

/// <summary>Operators' commands on the control socket: as requests, and back.</summary>
internal static class OperatorRequests
{
    private const int LongestName = 64;

    /// <summary>What an operator may ask for.</summary>
    public static readonly IReadOnlyList<string> Names = ["rollback", "skip", "lr", "extend", "quarantine", "release", "pause", "resume"];

    /// <summary>The request that carries a command, in the name of this process's user.</summary>
    public static ControlRequest Of(OperatorCommand command)
    {
        var request = command switch
        {
            RollBackRun back => Named("rollback") with { To = back.To, Skip = back.Skip },
            SkipBatches skip => Named("skip") with { Batches = skip.Count },
            ScaleLearningRate rate => Named("lr") with { Factor = rate.Factor },
            ExtendRun extend => Named("extend") with { Steps = extend.Steps },
            QuarantineTrainer quarantine => Named("quarantine") with { Trainer = quarantine.Trainer },
            ReleaseTrainer release => Named("release") with { Trainer = release.Trainer },
            PauseRun => Named("pause"),
            ContinueRun => Named("resume"),
            _ => throw new ArgumentException($"{command?.GetType().Name} has no request.", nameof(command)),
        };
        return request with { By = Environment.UserName };

        static ControlRequest Named(string name) => new(ControlProtocol.Version, name);
    }

    /// <summary>The command that a request carries.</summary>
    /// <exception cref="UserErrorException">Something that it needs is missing.</exception>
    public static OperatorCommand CommandOf(ControlRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        return request.Command switch
        {
            "rollback" => new RollBackRun(request.To ?? throw Missing(request, "to"), request.Skip ?? 0),
            "skip" => new SkipBatches(request.Batches ?? throw Missing(request, "batches")),
            "lr" => new ScaleLearningRate(request.Factor ?? throw Missing(request, "factor")),
            "extend" => new ExtendRun(request.Steps ?? throw Missing(request, "steps")),
            "quarantine" => new QuarantineTrainer(request.Trainer ?? throw Missing(request, "trainer")),
            "release" => new ReleaseTrainer(request.Trainer ?? throw Missing(request, "trainer")),
            "pause" => new PauseRun(),
            "resume" => new ContinueRun(),
            _ => throw new ArgumentException($"{request.Command} is no operator's command.", nameof(request)),
        };
    }

    /// <summary>Who asks, as the journal names them: one short line.</summary>
    public static string ByOf(ControlRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        var name = new string([.. (request.By ?? "").Where(static letter => !char.IsControl(letter) && CharUnicodeInfo.GetUnicodeCategory(letter) != UnicodeCategory.Format).Take(LongestName)]).Trim();
        return name.Length > 0 ? name : Environment.UserName;
    }

    private static UserErrorException Missing(ControlRequest request, string what) => new($"{request.Command} needs \"{what}\".");
}

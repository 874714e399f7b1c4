namespace ActorTrain.Host.Commands;

/// <summary>What a command may use of the world around it.</summary>
/// <param name="Output">Where results go.</param>
/// <param name="Error">Where errors and warnings go.</param>
/// <param name="IsTerminal">Whether <paramref name="Output"/> is a terminal that can be redrawn.</param>
/// <param name="Time">The clock.</param>
public sealed record CommandContext(TextWriter Output, TextWriter Error, bool IsTerminal, TimeProvider Time)
{
    /// <summary>The process's own console and clock.</summary>
    public static CommandContext OfProcess() => new(Console.Out, Console.Error, TerminalIsLive(), TimeProvider.System);

    // https://no-color.org: any value that is not empty. A dumb terminal cannot move its cursor.
    private static bool TerminalIsLive() =>
        !Console.IsOutputRedirected
        && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"))
        && Environment.GetEnvironmentVariable("TERM") is not (null or "" or "dumb");
}

/// <summary>What each command does once its line is understood; each returns the exit code.</summary>
/// <remarks>Handed in, so that reading the command line can be tested without a model or data.</remarks>
public sealed record Handlers
{
    /// <summary>Looks at the machine.</summary>
    public required Func<DoctorRequest, CommandContext, int> Doctor { get; init; }

    /// <summary>Turns text into tokens.</summary>
    public required Func<PrepareRequest, CommandContext, int> Prepare { get; init; }

    /// <summary>Trains.</summary>
    public required Func<PretrainRequest, CommandContext, int> Pretrain { get; init; }

    /// <summary>Evaluates.</summary>
    public required Func<EvalRequest, CommandContext, int> Eval { get; init; }

    /// <summary>Writes text.</summary>
    public required Func<GenerateRequest, CommandContext, int> Generate { get; init; }

    /// <summary>Writes a model for other programs.</summary>
    public required Func<ExportRequest, CommandContext, int> Export { get; init; }

    /// <summary>Reads a model of other programs.</summary>
    public required Func<ImportRequest, CommandContext, int> Import { get; init; }

    /// <summary>Lists runs.</summary>
    public required Func<RunsRequest, CommandContext, int> Runs { get; init; }

    /// <summary>Draws a run.</summary>
    public required Func<PlotRequest, CommandContext, int> Plot { get; init; }

    /// <summary>Adds or takes away trainers.</summary>
    public required Func<ScaleRequest, CommandContext, int> Scale { get; init; }

    /// <summary>Sends a run back to an earlier step.</summary>
    public required Func<RollBackRequest, CommandContext, int> RollBack { get; init; }

    /// <summary>Leaves batches out.</summary>
    public required Func<SkipRequest, CommandContext, int> Skip { get; init; }

    /// <summary>Changes the learning rate.</summary>
    public required Func<LearningRateRequest, CommandContext, int> LearningRate { get; init; }

    /// <summary>Keeps a trainer away, or lets it come back.</summary>
    public required Func<QuarantineRequest, CommandContext, int> Quarantine { get; init; }

    /// <summary>Holds a run.</summary>
    public required Func<PauseRequest, CommandContext, int> Pause { get; init; }

    /// <summary>Lets a run that was held go on.</summary>
    public required Func<ResumeRequest, CommandContext, int> Resume { get; init; }

    /// <summary>Tells where the time of a run went.</summary>
    public required Func<GoodputRequest, CommandContext, int> Goodput { get; init; }

    /// <summary>Shows how a run stands.</summary>
    public required Func<StatusRequest, CommandContext, int> Status { get; init; }

    /// <summary>Records what the actors of a run do.</summary>
    public required Func<TraceRequest, CommandContext, int> Trace { get; init; }

    /// <summary>Tells what a run decided.</summary>
    public required Func<JournalRequest, CommandContext, int> Journal { get; init; }

    /// <summary>Proves what a run read.</summary>
    public required Func<AuditRequest, CommandContext, int> Audit { get; init; }

    /// <summary>Lists, verifies and prunes checkpoints.</summary>
    public required Func<CheckpointsRequest, CommandContext, int> Checkpoints { get; init; }

    /// <summary>Breaks a run on purpose.</summary>
    public required Func<ChaosRequest, CommandContext, int> Chaos { get; init; }
}

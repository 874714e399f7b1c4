using System.CommandLine;

namespace ActorTrain.Host.Commands;

internal static class AllCommands
{
    public static IReadOnlyList<Command> Define() =>
    [
        DoctorCommand.Define(),
        TaskCommand.Define(),
        PrepareCommand.Define(),
        PretrainCommand.Define(),
        SftCommand.Define(),
        PreferCommand.Define(),
        RewardCommand.Define(),
        RlhfCommand.Define(),
        EvalCommand.Define(),
        GenerateCommand.Define(),
        ExportCommand.Define(),
        ImportCommand.Define(),
        NodeCommand.Define(),
        NodesCommand.Define(),
        ClusterCommand.Define(),
        RunsCommand.Define(),
        RolloutsCommand.Define(),
        ReplayCommand.Define(),
        PlotCommand.Define(),
        StatusCommand.Define(),
        ScaleCommand.Define(),
        StopCommand.Define(),
        PauseCommand.Define(),
        ResumeCommand.Define(),
        RollBackCommand.Define(),
        SkipCommand.Define(),
        LearningRateCommand.Define(),
        QuarantineCommand.Define(),
        JournalCommand.Define(),
        GoodputCommand.Define(),
        TraceCommand.Define(),
        AuditCommand.Define(),
        CheckpointsCommand.Define(),
        ChaosCommand.Define(),
    ];
}

using ActorTrain.Actors.Run;
using ActorTrain.Host.Commands;
using ActorTrain.Host.Control;
using ActorTrain.Models;

namespace ActorTrain.Host.Actions;

/// <summary><c>actortrain rollback, skip, lr, quarantine, pause, resume</c>: what an operator decides while a run goes on.</summary>
internal static class OperatorHandler
{
    public static int Run(RollBackRequest request, CommandContext context) => Ask(request.Run, new RollBackRun(request.To, request.Skip), context);

    public static int Run(SkipRequest request, CommandContext context) => Ask(request.Run, new SkipBatches(request.Batches), context);

    public static int Run(LearningRateRequest request, CommandContext context) => Ask(request.Run, new ScaleLearningRate(request.Factor), context);

    public static int Run(QuarantineRequest request, CommandContext context) =>
        Ask(request.Run, request.Release ? new ReleaseTrainer(request.Trainer) : new QuarantineTrainer(request.Trainer), context);

    public static int Run(PauseRequest request, CommandContext context) => Ask(request.Run, new PauseRun(), context);

    public static int Run(ResumeRequest request, CommandContext context) => Ask(request.Run, new ContinueRun(), context);

    private static int Ask(string name, OperatorCommand command, CommandContext context)
    {
        var run = NamedRun.Find(name).Directory;
        var answer = ControlClient.Ask(run, OperatorRequests.Of(command))
            ?? throw new UserErrorException($"No process is training {run.Path}, so nobody would hear it; `actortrain pretrain` goes on with the run.");
        context.Output.WriteLine(answer.Sentence);
        return ExitCode.Success;
    }
}

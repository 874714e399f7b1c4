using ActorTrain.Host.Cli;
using ActorTrain.Host.Commands;

return CommandLine.Run(args, AllCommands.Define(), CommandContext.OfProcess());

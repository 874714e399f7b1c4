using ActorTrain.Host.Commands;
using ActorTrain.Host.Actions;

return CommandLine.Run(
    args,
    new Handlers
    {
        Doctor = DoctorHandler.Run,
        Prepare = PrepareHandler.Run,
        Pretrain = PretrainHandler.Run,
        Eval = EvalHandler.Run,
        Generate = GenerateHandler.Run,
        Export = ExportHandler.Run,
        Import = ImportHandler.Run,
        Runs = RunsHandler.Run,
        Plot = PlotHandler.Run,
    },
    CommandContext.OfProcess());
